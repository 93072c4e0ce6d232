"""Says in each provider's own shape what became of a message, and calls the webhook as the provider does."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.test import Client

SECRET = "provider:0123456789abcdef"
SIGNING = "a-key-they-sign-with"
MOMENT = 1_795_000_000


class Told(NamedTuple):
    """One call: where to, what, and what stands beside it."""

    path: str
    payload: Any
    headers: Mapping[str, str] = {}


def call(client: Client, told: Told, secret: str | None = SECRET) -> Any:
    """The answer to one call; without a secret nothing is said of who calls."""
    body = told.payload if isinstance(told.payload, bytes) else json.dumps(told.payload).encode()
    headers = dict(told.headers)
    if secret is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    if told.path.startswith("mailersend"):
        headers["Signature"] = hmac.new(SIGNING.encode(), body, hashlib.sha256).hexdigest()
    return client.post(f"/webhooks/{told.path}/", body, content_type="application/json", headers=headers)


def postmark(message_id: str, recipient: str, what: str = "hard") -> Told:
    same = {"MessageID": "00000000-0000-0000-0000-000000000000", "Email": recipient, "Tag": message_id}
    kinds: dict[str, dict[str, Any]] = {
        "hard": {"RecordType": "Bounce", "ID": 42, "Type": "HardBounce", "Details": "smtp;550 5.1.1 User unknown"},
        "soft": {"RecordType": "Bounce", "ID": 42, "Type": "SoftBounce", "Details": "smtp;452 4.2.2 Mailbox full"},
        "bare hard": {"RecordType": "Bounce", "ID": 42, "Type": "HardBounce"},
        "policy": {
            "RecordType": "Bounce",
            "ID": 42,
            "Type": "HardBounce",
            "Details": "smtp;550 5.7.1 Message rejected",
        },
        "complaint": {"RecordType": "SpamComplaint", "ID": 42, "Type": "SpamComplaint"},
        "delivered": {"RecordType": "Delivery", "DeliveredAt": "2026-11-17T09:30:00Z"},
        "opened": {"RecordType": "Open"},
        "clicked": {"RecordType": "Click", "OriginalLink": "https://x.example"},
        "unsubscribed": {"RecordType": "SubscriptionChange", "SuppressSending": True},
        "refused": {"RecordType": "Bounce", "ID": 42, "Type": "Blocked"},
        "invalid": {"RecordType": "Bounce", "ID": 42, "Type": "BadEmailAddress"},
    }
    return Told("postmark/tracking", {**same, **kinds[what]})


def mailgun(message_id: str, recipient: str) -> Told:
    said = {"code": 550, "message": "5.1.1 The email account that you tried to reach does not exist"}
    about = {"message": {"headers": {"message-id": message_id.strip("<>")}}, "recipient": recipient}
    data = {
        "event": "failed",
        "severity": "permanent",
        "timestamp": MOMENT,
        "reason": "bounce",
        "delivery-status": said,
    }
    signature = hmac.new(SIGNING.encode(), b"1795000000token", hashlib.sha256).hexdigest()
    signed = {"timestamp": "1795000000", "token": "token", "signature": signature}
    return Told("mailgun/tracking", {"signature": signed, "event-data": data | about})


def sendgrid(message_id: str, recipient: str) -> Told:
    one = {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 No such user"}
    return Told("sendgrid/tracking", [one | {"timestamp": MOMENT, "email": recipient, "smtp-id": message_id}])


def brevo(message_id: str, recipient: str) -> Told:
    one = {"event": "hard_bounce", "email": recipient, "message-id": message_id, "ts_epoch": MOMENT * 1000}
    return Told("brevo/tracking", one | {"reason": "server is down, 550 5.1.1 user unknown"})


def mailjet(message_id: str, recipient: str) -> Told:
    one = {"event": "bounce", "time": MOMENT, "MessageID": 19421777835146490, "email": recipient}
    return Told("mailjet/tracking", [one | {"CustomID": message_id, "hard_bounce": True, "error": "user unknown"}])


def sparkpost(message_id: str, recipient: str) -> Told:
    one = {"type": "bounce", "bounce_class": "10", "raw_reason": "550 5.1.1 Recipient unknown", "rcpt_to": recipient}
    meta = {"rcpt_meta": {"ours": message_id}, "timestamp": str(MOMENT), "message_id": "000443ee14578172be22"}
    return Told("sparkpost/tracking", [{"msys": {"message_event": one | meta}}])


def mailersend(message_id: str, recipient: str) -> Told:
    email = {"message": {"id": "62fb66bef54a112e920b5493"}, "recipient": {"email": recipient}, "tags": [message_id]}
    data = {"type": "hard_bounced", "created_at": "2026-11-17T09:30:00Z", "id": "1", "email": email}
    return Told("mailersend/tracking", {"type": "activity.hard_bounced", "data": data})


def resend(message_id: str, recipient: str) -> Told:
    said = "The recipient's email provider sent a hard bounce message, which means there is no such user"
    data: dict[str, Any] = {"email_id": "56761188-7520-42d8-8898-ff6fc54ce618", "to": [recipient], "headers": []}
    data |= {"bounce": {"message": said, "type": "Permanent"}, "subject": message_id}
    return Told("resend/tracking", {"type": "email.bounced", "created_at": "2026-11-17T09:30:00Z", "data": data})


def mailtrap(message_id: str, recipient: str) -> Told:
    one = {"event": "bounce", "timestamp": MOMENT, "message_id": "8b1cf0f0-5d7d-11ef", "email": recipient}
    more = {"response": "550 5.1.1 no such user here", "custom_variables": {"ours": message_id}}
    return Told("mailtrap/tracking", {"events": [one | more]})


def amazon_ses(message_id: str, recipient: str, kind: str = "General") -> Told:
    bounced: dict[str, Any] = {"emailAddress": recipient}
    if kind == "General":
        bounced["diagnosticCode"] = "smtp; 550 5.1.1 user unknown"
    mail: dict[str, Any] = {
        "messageId": "0100018-ses",
        "destination": [recipient],
        "headers": [{"name": "Message-ID", "value": message_id}],
    }
    bounce = {"bounceType": "Permanent", "bounceSubType": kind, "bouncedRecipients": [bounced]}
    said = json.dumps({"eventType": "Bounce", "mail": mail, "bounce": bounce})
    wrapped = {"Type": "Notification", "MessageId": "sns-1", "Timestamp": "2026-11-17T09:30:00.000Z", "Message": said}
    headers = {"X-Amz-Sns-Message-Type": "Notification", "X-Amz-Sns-Message-Id": "sns-1"}
    return Told("amazon_ses/tracking", wrapped, headers)


HARD_BOUNCES: Mapping[str, Callable[[str, str], Told]] = {
    one.__name__: one
    for one in (postmark, mailgun, sendgrid, brevo, mailjet, sparkpost, mailersend, resend, mailtrap, amazon_ses)
}


def inbound_postmark(text: str = "Please remove me.", **more: Any) -> Told:
    """A mail in parts, as Postmark takes it apart."""
    said = {
        "FromFull": {"Email": "ada@customer.example", "Name": "Ada"},
        "ToFull": [{"Email": "rick@ours.example.com", "Name": ""}],
        "OriginalRecipient": "rick@ours.example.com",
        "Subject": "Re: One question",
        "MessageID": "22c74902-a0c1-4511-804f-341342852c90",
        "Date": "Tue, 17 Nov 2026 09:30:00 +0000",
        "TextBody": text,
        "HtmlBody": f"<p>{text}</p>",
        "Headers": [],
        "Attachments": [{"Name": "a.txt", "Content": "aGVsbG8=", "ContentType": "text/plain"}],
    }
    return Told("postmark/inbound", said | more)


def inbound_raw(raw: str, recipient: str = "rick@ours.example.com") -> Told:
    """A mail as it came, within Postmark's payload."""
    return inbound_postmark(RawEmail=raw, OriginalRecipient=recipient)
