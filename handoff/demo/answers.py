"""What the recipients of the demonstration write back, and what their machines do: one mail of every class.

Each is a real mail, handed to a real mail server on this machine, and comes to our side as its bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage, Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import format_datetime

from handoff.demo import recipients
from handoff.demo.catcher import Catcher, Caught

OURS = "rick@northwind-advisory.example"
INTERESTED = "torsten.niemann@nordhaven.example"
WANTS_A_BRIEFING = "ingrid.solheim@fjordlys.example"
_ABSENT = timedelta(days=11)
Compose = Callable[[Caught, datetime], Message]


@dataclass(frozen=True)
class Answer:
    """Who answers the latest mail they got, how many days after the story begins, and with what."""

    who: str
    day: float
    compose: Compose
    told: str


def send(answer: Answer, catcher: Catcher, at: datetime) -> Caught | None:
    """Hand the answer to a mail server; returns it as it arrived at our side, None if they got nothing to answer."""
    got = catcher.to(answer.who)
    if not got:
        return None
    mail = answer.compose(got[-1], at)
    return recipients.hand_over(mail.as_bytes(policy=SMTP), answer.who, OURS, catcher)


def says(text: str, headers: Mapping[str, str] | None = None) -> Compose:
    """Somebody's own words above the mail they answer."""

    def compose(got: Caught, at: datetime) -> Message:
        answer = EmailMessage()
        answer["From"], answer["To"] = got.recipient, OURS
        answer["Subject"] = f"Re: {got.parsed['Subject']}"
        answer["Date"] = format_datetime(at)
        answer["Message-ID"] = f"<{at:%Y%m%d%H%M%S}.{got.recipient.replace('@', '.at@')}>"
        answer["In-Reply-To"] = answer["References"] = got.message_id
        for name, value in (headers or {}).items():
            answer[name] = value
        until = f"{at + _ABSENT:%d %B %Y}"
        answer.set_content(f"{text.format(until=until)}\n\nOn {at:%d %b %Y}, Rick Halvorsen wrote:\n> Hi,\n> …\n")
        return answer

    return compose


def bounces(got: Caught, at: datetime) -> Message:
    """RFC 3464: their server took the mail and found later that nobody of that name is there."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"], report["To"] = f"MAILER-DAEMON@{got.recipient.partition('@')[2]}", OURS
    report["Subject"], report["Date"] = "Undelivered Mail Returned to Sender", format_datetime(at)
    report["Auto-Submitted"] = "auto-replied"
    report.attach(MIMEText("The address of your message does not exist here any more.\n"))
    status = Message()
    status["Content-Type"] = "message/delivery-status"
    host, each = Message(), Message()
    host["Reporting-MTA"] = f"dns; mx.{got.recipient.partition('@')[2]}"
    each["Final-Recipient"], each["Action"] = f"rfc822; {got.recipient}", "failed"
    each["Status"], each["Diagnostic-Code"] = "5.1.1", "smtp; 550 5.1.1 user unknown"
    status.set_payload([host, each])
    report.attach(status)
    report.attach(MIMEMessage(got.parsed))
    return report


def complains(got: Caught, at: datetime) -> Message:
    """RFC 5965: somebody pressed the button that says spam, and their provider reports it."""
    report = MIMEMultipart("report", report_type="feedback-report")
    report["From"], report["To"] = f"feedback@{got.recipient.partition('@')[2]}", OURS
    report["Subject"], report["Date"] = "Complaint about a message from you", format_datetime(at)
    report.attach(MIMEText("This is an email abuse report for a message received from your server.\n"))
    told = Message()
    told["Content-Type"] = "message/feedback-report"
    fields = Message()
    fields["Feedback-Type"], fields["User-Agent"], fields["Version"] = "abuse", "Loop/1.0", "1"
    fields["Original-Mail-From"], fields["Original-Rcpt-To"] = OURS, got.recipient
    told.set_payload([fields])
    report.attach(told)
    report.attach(MIMEMessage(got.parsed))
    return report


AUTOMATIC = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
ANSWERS = (
    Answer(
        INTERESTED,
        10,
        says("Hello Rick,\n\nyes, this is our problem exactly. Could we talk for half an hour next week?\n\nTorsten"),
        "somebody writes that this is their problem exactly, and asks to talk",
    ),
    Answer(
        WANTS_A_BRIEFING,
        11,
        says("Hi Rick,\n\nI would like to book the free briefing. Is Thursday morning possible?\n\nIngrid"),
        "somebody asks for the briefing",
    ),
    Answer(
        "gemma.kingsmill@tarnside.example",
        12,
        says("Thanks Rick, noted. We are in the middle of planning, so not now.\n\nGemma"),
        "somebody says thanks, not now",
    ),
    Answer(
        "priya.raman@cascadia-ledger.example",
        13,
        says("Thank you, but we are not interested. We sell direct only and that will not change.\n\nPriya"),
        "somebody is not interested, for good",
    ),
    Answer(
        "lena.vogt@quarzwerk.example",
        25,
        says("Bitte streichen Sie mich aus Ihrem Verteiler.\n\nLena Vogt"),
        "somebody asks in German to be taken off",
    ),
    Answer(
        "callum.fraser@cairn-analytics.example",
        26,
        says("I am out of the office until {until} and will read your message after my return.", AUTOMATIC),
        "somebody's mail programme says when they are back",
    ),
    Answer(
        "jasper.verhoeven@polder-data.example",
        27,
        says("Rick, see below."),
        "somebody writes three words that no machine understands",
    ),
    Answer("marisol.ibarra@pico-alto.example", 39, bounces, "a server finds later that nobody of that name is there"),
    Answer("felix.brandstatter@karwendel.example", 41, complains, "somebody presses the button that says spam"),
)
