"""Decides what follows from an answer once it is known what it is (spec R4, R7; SOP 5.6; LAW AUT-05, AUT-06).

Interested or not, they leave the sequence; somebody who only answers goes on with it; who is away pauses until a
working day after they are back; who has left or asks to stop is stopped. What a human being says delays everybody else
at the company. The numbers are those of the playbook's section `replies`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from compliance import addresses, audit, cards, holds, locks, playbook, suppression
from compliance.addresses import Address, AddressError
from compliance.calendar import add_business_days, instant
from compliance.models import AddressCard, Hold, SuppressionReason
from compliance.principals import SYSTEM, Principal
from compliance.suppression import Stop
from sequences import enrollment, pauses
from sequences.inbound import reading
from sequences.models import Contact, Enrollment, ExitReason, InboundMessage, PauseReason
from sequences.zones import zone_of

Verdict = InboundMessage.Verdict
# What delays the others at the company. Who asks to stop is obeyed by whoever reads it first, and has said no more.
_TALKED = frozenset({Verdict.POSITIVE, Verdict.NEUTRAL, Verdict.NEGATIVE})
_MOST_DAYS = 366
_EXITS = {Verdict.POSITIVE: ExitReason.REPLIED_POSITIVE, Verdict.NEGATIVE: ExitReason.REPLIED_NEGATIVE}
_STOPS = {
    (Verdict.OPT_OUT, "legal_demand"): SuppressionReason.LEGAL_DEMAND,
    (Verdict.OPT_OUT, ""): SuppressionReason.REPLIED,
    (Verdict.COMPLAINT, ""): SuppressionReason.COMPLAINT,
    (Verdict.NEGATIVE, "left_company"): SuppressionReason.LEFT_COMPANY,
    (Verdict.AUTO_REPLY, "left_company"): SuppressionReason.LEFT_COMPANY,
}
# Who says this of themselves; that somebody has left is said by others.
_THEIR_OWN = frozenset({Verdict.OPT_OUT, Verdict.COMPLAINT})


@dataclass(frozen=True)
class Said:
    """What a mail is: class, subclass, the day back of an absence note, and whether it is meant for good."""

    verdict: InboundMessage.Verdict
    subclass: str = ""
    return_date: date | None = None
    permanent: bool = False

    @property
    def is_absence(self) -> bool:
        return (self.verdict, self.subclass) == (Verdict.AUTO_REPLY, "ooo")


@dataclass(frozen=True)
class Terms:
    """How long passages wait for an answer's sake, in days; those of a colleague are business days."""

    ooo_default_days: int = 7
    ooo_longest_days: int = 45
    colleague_delay_days: int = 10


@dataclass(frozen=True)
class Concerned:
    """Whom a mail is from or about, and who else is held for it: the people at a company, if nobody knows who wrote."""

    persons: frozenset[UUID]
    others: frozenset[UUID]


def terms() -> Terms:
    """Those of the playbook; our own where it states none, or what is no number of days."""
    stated = playbook.section("replies")
    days = {name: stated.get(name) for name in Terms.__dataclass_fields__}
    return Terms(**{name: said for name, said in days.items() if isinstance(said, int) and 0 <= said <= _MOST_DAYS})


def concerned(row: InboundMessage) -> Concerned:
    """Whoever was written to or wrote it. Of a mail that answers none of ours nobody is sure but by what it claims."""
    theirs = {row.contact.card.person_id} if row.contact else set()
    held = holds.held_for(audit.reference(row))
    if row.message_id:
        theirs |= held
    return Concerned(frozenset(theirs), held - theirs)


def draw(row: InboundMessage, said: Said, *, by: Principal, at: datetime) -> None:
    """All that follows, in the caller's transaction: stops, exits, pauses, and the end of the hold."""
    whom, source = concerned(row), audit.reference(row)
    writer = _writer(row) if said.verdict in _THEIR_OWN else None
    known = {card.person_id for card in cards.find([writer]).values()} if writer else set()
    # Everybody at once and in one order, before any of them is stopped or freed.
    locks.lock_cards(whom.persons | whom.others | known)
    if writer and (stop := _stop_for(row, said)):
        suppression.stop_address(writer, stop, by=by, at=at)
    _stop(row, said, whom, by=by, at=at)
    passages = _passages(Q(contact__card__person__in=whom.persons))
    if exit_reason := _EXITS.get(said.verdict):
        enrollment.leave(passages, exit_reason, by=SYSTEM, at=at, comment=said.subclass)
    if (said.verdict, said.subclass) == (Verdict.AUTO_REPLY, "ticket_ack"):
        # Each further step would open another ticket (LAW AUT-07).
        enrollment.leave(passages, ExitReason.REMOVED, by=SYSTEM, at=at, comment=said.subclass)
    if said.is_absence:
        _pause_absent(passages, said, at)
    if said.verdict in _TALKED:
        _delay_colleagues(whom, at)
    holds.end(source, by=by, at=at, reason=said.verdict)


def hold(row: InboundMessage, *, at: datetime) -> None:
    """A machine answered and a person has to look: nothing is sent meanwhile (LAW AUT-07, AUT-08)."""
    if row.contact:
        reason, source = Hold.Reason.MACHINE, audit.reference(row)
        holds.place(row.contact.card.digest, source=source, by=SYSTEM, at=at, reason=reason)


def stop_who_left(row: InboundMessage, said: Said, *, at: datetime) -> None:
    """Whoever has left is not written to again, whatever a person finds when they look (LAW AUT-06)."""
    _stop(row, said, concerned(row), by=SYSTEM, at=at)


def end_absence(row: InboundMessage, *, at: datetime) -> None:
    """It was no absence note after all, or of other days: whoever pauses for one goes on."""
    for passage in _passages(Q(contact__card__person__in=concerned(row).persons)):
        if passage.paused_because == PauseReason.OUT_OF_OFFICE:
            pauses.resume(passage, by=SYSTEM, at=at)


def back_at(contact: Contact, back_on: date | None, at: datetime, given: Terms) -> datetime:
    """When somebody who is away is written to again: a working day of theirs after they are back (LAW AUT-05)."""
    zone = ZoneInfo(zone_of(contact))
    today, longest = at.astimezone(zone).date(), timedelta(days=given.ooo_longest_days)
    until = at + timedelta(days=given.ooo_default_days)
    if back_on and today <= back_on:
        # Many years of holidays need not be looked through for a day that is too late.
        day = add_business_days(min(back_on, today + longest), 1, country=contact.country)
        until = instant(day, time(), zone)
    return min(until, at + longest)


def _stop(row: InboundMessage, said: Said, whom: Concerned, *, by: Principal, at: datetime) -> None:
    stop = _stop_for(row, said)
    if stop is None:
        return
    told = {row.contact.card.person_id} if row.contact else set()
    for digest in _digests(whom.persons if said.verdict in _THEIR_OWN else told):
        suppression.stop_digest(digest, stop, by=by, at=at)


def _stop_for(row: InboundMessage, said: Said) -> Stop | None:
    reason = _STOPS.get((said.verdict, said.subclass)) or _STOPS.get((said.verdict, ""))
    told = {"message": row.message_id, "said": said.subclass}
    return Stop(reason, source=audit.reference(row), evidence=told) if reason else None


def _digests(persons: Iterable[UUID]) -> list[str]:
    """One card of each: a stop follows the person to all of them."""
    rows = AddressCard.objects.filter(person__in=list(persons)).order_by("digest")
    return sorted({row.person_id: row.digest for row in rows}.values())


def _writer(row: InboundMessage) -> Address | None:
    """Whoever says to have written it: nobody else can take a stop back, and to stop too many is no harm."""
    try:
        return addresses.parse(reading.read(bytes(row.raw)).sender)
    except AddressError:
        return None


def _pause_absent(passages: Iterable[Enrollment], said: Said, at: datetime) -> None:
    given = terms()
    for passage in passages:
        until = back_at(passage.contact, said.return_date, at, given)
        pauses.pause(passage, PauseReason.OUT_OF_OFFICE, until, by=SYSTEM, at=at)


def _delay_colleagues(whom: Concerned, at: datetime) -> None:
    """Whoever else is in a sequence at their company waits: they will have talked (spec SQ4)."""
    days = terms().colleague_delay_days
    if not days:
        return
    theirs = Contact.objects.filter(card__person__in=whom.persons, account__isnull=False).select_related("account")
    accounts = {row.account.merged_into_id or row.account.pk for row in theirs if row.account}
    at_theirs = Q(contact__account__in=accounts) | Q(contact__account__merged_into__in=accounts)
    for passage in _passages(at_theirs | Q(contact__card__person__in=whom.others), but=whom.persons):
        pauses.pause(passage, PauseReason.COLLEAGUE_REPLIED, _after(passage.contact, days, at), by=SYSTEM, at=at)


def _after(contact: Contact, days: int, at: datetime) -> datetime:
    zone = ZoneInfo(zone_of(contact))
    local = at.astimezone(zone)
    return instant(add_business_days(local.date(), days, country=contact.country), local.time(), zone)


def _passages(which: Q, but: Collection[UUID] = ()) -> list[Enrollment]:
    rows = Enrollment.objects.filter(which, state=Enrollment.State.ACTIVE).exclude(contact__card__person__in=but)
    return list(rows.select_related("contact").distinct().order_by("pk"))
