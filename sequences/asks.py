"""Puts the question to the door: what the rules are told about a list row, an enrollment or a message."""

from compliance import addresses
from compliance.clearance import Ask
from sequences import wording
from sequences.models import Contact, Enrollment, ListRow, OutboundMessage, SequenceVersion
from sequences.zones import zone_of


def for_row(row: ListRow, version: SequenceVersion) -> Ask:
    """May this person be on this list at all? Asked at import, at submission and at the CRO's signature."""
    return _ask(f"row/{row.pk}", row.contact, version, row)


def for_step(enrollment: Enrollment) -> Ask:
    """May this enrollment's next message be planned?"""
    return _for_message(enrollment, ref_of(enrollment), enrollment.next_step, attempt=1)


def for_message(message: OutboundMessage) -> Ask:
    """May this message go now, at this attempt?"""
    return _for_message(message.enrollment, message.ref, message.step, attempt=message.attempts_made + 1)


def ref_of(enrollment: Enrollment) -> str:
    """The reference of an enrollment's next message; unique, so a step is planned once (LAW PIP-01)."""
    return f"{enrollment.pk}/{enrollment.next_step}"


def _for_message(enrollment: Enrollment, ref: str, step: int, *, attempt: int) -> Ask:
    return _ask(ref, enrollment.contact, enrollment.version, enrollment.row, enrollment, step, attempt)


def _ask(
    ref: str,
    contact: Contact,
    version: SequenceVersion,
    row: ListRow,
    enrollment: Enrollment | None = None,
    step: int | None = None,
    attempt: int = 1,
) -> Ask:
    mailbox = enrollment.mailbox if enrollment else None
    return Ask(
        ref=ref,
        address=addresses.parse(contact.address),
        card=contact.card_id,
        person=contact.card.person_id,
        account=contact.account.key if contact.account else "",
        country=contact.country,
        zone=zone_of(contact),
        source=row.source,
        basis=row.basis,
        sequence_type=version.sequence.type,
        sequence=version.sequence.key,
        version=version.pk,
        values=wording.personal_values(contact),
        recipient_list=row.recipient_list.key,
        enrollment=enrollment.pk if enrollment else None,
        step=step,
        mailbox=mailbox.key if mailbox else "",
        sending_domain=mailbox.domain if mailbox else "",
        attempt=attempt,
    )
