"""Puts the question to the door: what the rules are told about a list row, an enrollment or a message."""

from dataclasses import dataclass

from compliance import addresses, installation
from compliance.addresses import Address
from compliance.asking import Ask
from sequences import wording
from sequences.models import Contact, Enrollment, ListRow, Mailbox, OutboundMessage, SequenceVersion
from sequences.models.templates import template_key
from sequences.zones import zone_of

_NOWHERE = Address(text="", local="", domain="")


def for_row(row: ListRow, version: SequenceVersion) -> Ask:
    """May this person be on this list at all? Asked at import, at submission and at the CRO's signature."""
    return _ask(f"row/{row.pk}", row.contact, version, row)


def for_step(enrollment: Enrollment, template: str = "") -> Ask:
    """May this enrollment's next message be planned? `template` is the key of the one it is written from."""
    return _ask(
        ref_of(enrollment),
        enrollment.contact,
        enrollment.version,
        enrollment.row,
        _Passage(enrollment, enrollment.next_step, enrollment.mailbox, template),
    )


def for_message(message: OutboundMessage) -> Ask:
    """May this message go now, at this attempt?"""
    enrollment = message.enrollment
    # The mailbox is the message's own: it is the one that sends.
    template = template_key(message.template_version.template_id)
    passage = _Passage(enrollment, message.step, message.mailbox, template, attempt=message.attempts_made + 1)
    return _ask(message.ref, enrollment.contact, enrollment.version, enrollment.row, passage)


def ref_of(enrollment: Enrollment) -> str:
    """The reference of an enrollment's next message; unique, so a step is planned once (LAW PIP-01)."""
    return f"{enrollment.pk}/{enrollment.next_step}"


@dataclass(frozen=True)
class _Passage:
    """What an ask knows of a message, planned or about to be."""

    enrollment: Enrollment
    step: int
    mailbox: Mailbox
    template: str
    attempt: int = 1


def _ask(ref: str, contact: Contact, version: SequenceVersion, row: ListRow, passage: _Passage | None = None) -> Ask:
    mailbox = passage.mailbox if passage else None
    return Ask(
        ref=ref,
        address=_address_of(contact),
        card=contact.card_id,
        person=contact.card.person_id,
        account=contact.company,
        country=contact.country,
        zone=zone_of(contact),
        source=row.source,
        basis=row.basis,
        sequence_type=version.sequence.type,
        sequence=version.sequence.key,
        series=version.sequence.slug,
        version=version.pk,
        template=passage.template if passage else "",
        values=wording.personal_values(contact),
        recipient_list=row.recipient_list.key,
        enrollment=passage.enrollment.pk if passage else None,
        step=passage.step if passage else None,
        mailbox=mailbox.key if mailbox else "",
        sender=wording.sender_digest(mailbox) if mailbox else "",
        sending_domain=mailbox.domain if mailbox else "",
        provider=mailbox.provider if mailbox else "",
        mailbox_since=mailbox.created_at if mailbox else None,
        leaves_machine=mailbox is not None and not installation.is_loopback(mailbox.host),
        attempt=passage.attempt if passage else 1,
    )


def _address_of(contact: Contact) -> Address:
    # Somebody who was erased has none: the door finds the stop by the card, and there is nowhere to send to.
    return _NOWHERE if contact.erased_at and not contact.address else addresses.parse(contact.address)
