"""Writes the mails that come back in tests: answers, bounces, complaints."""

from email.message import EmailMessage
from textwrap import dedent

from compliance import tokens
from sequences.models import OutboundMessage

OURS = "rick@northwind.example"
STRANGER = "Assistant <assistant@elsewhere.example>"


def answer(
    words: str = "Tell me more, please.", *, sender: str, subject: str = "Re: One question", **headers: str
) -> bytes:
    """A mail somebody wrote; `In_Reply_To="<…>"` and the like are headers."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, OURS, subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(words)
    return mail.as_bytes()


def token_of(message: OutboundMessage) -> str:
    """What is in the unsubscribe link of a message."""
    return tokens.make(tokens.Purpose.UNSUBSCRIBE, message=message.pk, digest=message.enrollment.contact.card.digest)


def bounce(
    returned: str, *, recipient: str, status: str = "5.1.1", action: str = "failed", original: str = ""
) -> bytes:
    """A delivery report (RFC 3464) that returns the header `returned`."""
    more = f"\nOriginal-Recipient: rfc822; {original}" if original else ""
    return _report(
        "delivery-status",
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {recipient}{more}\n"
        f"Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} User unknown",
        returned,
    )


def complaint(returned: str, *, feedback: str = "abuse", recipient: str = "redacted@example.com") -> bytes:
    """A complaint (RFC 5965) about the message with the header `returned`."""
    said = f"Feedback-Type: {feedback}\nUser-Agent: Loop/1\nVersion: 1\nOriginal-Rcpt-To: {recipient}"
    return _report("feedback-report", said, returned)


def _report(kind: str, said: str, returned: str) -> bytes:
    parts = dedent(
        """\
        From: Mail Delivery <mailer-daemon@mx.example>
        To: {ours}
        Subject: Report
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type={kind}; boundary="=="

        --==
        Content-Type: text/plain

        This is a report.
        --==
        Content-Type: message/{kind}

        {said}
        --==
        Content-Type: {header}

        {returned}
        --==--
        """
    )
    header = "message/rfc822" if kind == "feedback-report" else "text/rfc822-headers"
    text = parts.replace("{said}", said).replace("{returned}", returned)
    return (
        text.replace("{ours}", OURS).replace("{kind}", kind).replace("{header}", header).replace("\n", "\r\n").encode()
    )
