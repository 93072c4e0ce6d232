"""Freezes what one message says: values, headers and bytes, once, at its first attempt (LAW MSG-05)."""

import email
import email.policy
import hashlib
from datetime import datetime, timedelta

from django.conf import settings

from compliance import addresses, tokens
from sequences import wording
from sequences.models import Mailbox, OutboundMessage
from sequences.wire import Letter, build

# Servers refuse mail whose Date is old (LAW MSG-12); the bytes and their Date stay what they were at first.
OLDEST = timedelta(hours=48)


def still_fit(message: OutboundMessage, at: datetime) -> bytes | None:
    """The bytes of the first yes, if there are any and their Date is not too old.

    Older ones are tried again only when a person decides so. They are written anew under the same Message-ID: a mailbox
    that has the first copy then keeps one.
    """
    if message.content is None:
        return None
    content = bytes(message.content)
    date = email.message_from_bytes(content, policy=email.policy.default)["Date"].datetime
    return content if date > at - OLDEST else None


def freeze(message: OutboundMessage, at: datetime) -> bytes:
    """The exact bytes of a message.

    Raises MissingValue or UnsafeValue (the person's data), UnsafeLetter (a header would not be safe).
    """
    contact, mailbox = message.enrollment.contact, message.mailbox
    token = _unsubscribe_token(message)
    values = wording.personal_values(contact) | wording.sender_values(mailbox, unsubscribe_url(token))
    said = wording.skeleton_of(message.template_version).render(values)
    earlier = _thread(message)
    return build(
        Letter(
            message_id=message.message_id,
            date=at,
            from_name=mailbox.name,
            from_address=mailbox.address,
            to_address=addresses.parse(contact.address).text,
            reply_to="",
            subject=said.subject,
            text=said.text,
            html=said.html,
            list_id=_list_id(message, mailbox),
            feedback_id=_feedback_id(message, mailbox),
            unsubscribe_url=unsubscribe_url(token),
            unsubscribe_mailto=f"mailto:{unsubscribe_address(token, mailbox)}",
            in_reply_to=earlier[-1] if earlier else "",
            references=tuple(earlier),
        )
    )


def unsubscribe_url(token: str) -> str:
    """Where the link and the one-click POST go."""
    return f"{settings.PUBLIC_URL}/u/{token}"


def unsubscribe_address(token: str, mailbox: Mailbox) -> str:
    """Where an opt-out by mail goes; the token is the whole of it (LAW UNS-13)."""
    return f"u-{token}@{settings.INBOUND_DOMAIN or mailbox.domain}"


def _unsubscribe_token(message: OutboundMessage) -> str:
    # The card's own digest, under the key it was made with: after a new key, another would find nobody (LAW UNS-08).
    digest = message.enrollment.contact.card.digest
    return tokens.make(tokens.Purpose.UNSUBSCRIBE, message=message.pk, digest=digest)


def _list_id(message: OutboundMessage, mailbox: Mailbox) -> str:
    """One per stream, the same for everybody in it and for ever (RFC 2919; LAW HDR-01)."""
    return f"<{message.enrollment.version.sequence.type.replace('_', '-')}.handoff.{mailbox.domain}>"


def _feedback_id(message: OutboundMessage, mailbox: Mailbox) -> str:
    """Sequence, type, list, and a sender id that never changes; nothing per person (LAW HDR-02)."""
    version = message.enrollment.version
    sender = hashlib.sha256(mailbox.domain.encode()).hexdigest()[:12]
    return f"s{version.sequence_id}:{version.sequence.type}:l{message.enrollment.row.recipient_list_id}:{sender}"


def _thread(message: OutboundMessage) -> list[str]:
    """The earlier messages of this passage that were accepted, oldest first (LAW THR-03)."""
    rows = OutboundMessage.objects.filter(
        enrollment=message.enrollment, state=OutboundMessage.State.ACCEPTED, step__lt=message.step
    )
    return [f"<{row.strip('<>')}>" for row in rows.order_by("step").values_list("message_id", flat=True)]
