"""Mails that have come in for people who are in a sequence, as the intake leaves them: stored, their writer held."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from compliance import holds
from compliance.audit import reference
from compliance.principals import SYSTEM
from sequences.models import Contact, Enrollment, InboundMessage, OutboundMessage
from tests.cast import TUESDAY
from tests.sequences.campaign import play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

Verdict = InboundMessage.Verdict
MACHINES = frozenset({Verdict.AUTO_REPLY, Verdict.BOUNCE, Verdict.COMPLAINT})


def sent(people: int | Sequence[Contact] = 1, **given: Any) -> None:
    """The first step of a sequence of two went to everybody."""
    with ScriptedServer() as server:
        under_way(server.port, people=people, steps=2, **given)
        play()


def answered(
    verdict: InboundMessage.Verdict,
    subclass: str = "",
    *,
    of: Contact | None = None,
    confidence: int = 90,
    back_on: date | None = None,
    writer: str = "",
    **columns: Any,
) -> InboundMessage:
    """A mail in answer to what the contact got last, held for if somebody wrote it. `writer` is another than they."""
    contact = of or Contact.objects.order_by("pk")[0]
    sender = writer or contact.address
    told = {
        "received_at": TUESDAY,
        "digest": f"{InboundMessage.objects.count():064}",
        "raw": f"From: <{sender}>\r\nSubject: Re: one question\r\n\r\nWell.\r\n".encode(),
        "recipient": "ada@northwind.example",
        "message": OutboundMessage.objects.filter(enrollment__contact=contact).order_by("-step").first(),
        "contact": contact,
        "matched_by": InboundMessage.Match.IN_REPLY_TO,
        "verdict": verdict,
        "subclass": subclass,
        "confidence": confidence,
        "return_date": back_on,
        **columns,
    }
    row: InboundMessage = InboundMessage.objects.create(**told)
    if verdict not in MACHINES and row.contact:
        holds.place(row.contact.card.digest, source=reference(row), by=SYSTEM, at=TUESDAY)
    return row


def again(row: InboundMessage) -> InboundMessage:
    """The mail as it is now."""
    return InboundMessage.objects.get(pk=row.pk)


def passage_of(contact: Contact) -> Enrollment:
    """Where somebody stands now."""
    return Enrollment.objects.get(contact=contact)


def is_held(contact: Contact) -> bool:
    """Whether nothing goes to them before somebody has decided."""
    person = Contact.objects.select_related("card").get(pk=contact.pk).card.person_id
    return person in holds.standing([person])
