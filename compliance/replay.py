"""Decides what an older copy of the database has forgotten, and writes it down again from the journal (LAW PIP-14).

A stop comes back with a new order number, its first one among its evidence. A clearance comes back under its own
number with a minus sign: it belongs to a life that this database does not remember, and stands before every stop of
this one. Under the code `replayed` nothing that happens here later proves that it was not used.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.dateparse import parse_datetime

from compliance import audit, journal, journaling, locks, replay_companies, replay_halts, replay_people
from compliance.journal import Record
from compliance.journaling import ORIGIN
from compliance.models import Decision, Lift, LostStep, OptIn, Outcome, Suppression, SuppressionDigest, Touch
from compliance.principals import Principal, actor

_log = logging.getLogger(__name__)
CODE = "replayed"
_CHUNK = 500
_REASON = "replayed from the journal"
# Where this database has made the very same try again: above any number that its own tries may come to.
LOST_ATTEMPTS = 1_000_000
Origin = tuple[int, str]


@dataclass(frozen=True)
class Cleared:
    """One clearance as the journal tells it."""

    at: datetime
    ref: str
    attempt: int
    person: UUID
    account: str
    domain: str
    mailbox: str
    opening: bool
    order: int
    card: str = ""
    series: str = ""
    step: int = 0


@dataclass(frozen=True)
class Missing:
    """What the journal of this host tells and the database does not know, in the order in which it happened."""

    stops: Sequence[Record] = ()
    lifts: Sequence[Record] = ()
    cleared: Sequence[Cleared] = ()
    halts: Sequence[Record] = ()
    people: Sequence[Record] = ()
    companies: Sequence[Record] = ()

    @property
    def binding(self) -> bool:
        """Whether something is missing that would let a message go; a lift that is missing only holds one back."""
        return bool(self.stops or self.cleared or self.halts)

    @property
    def counts(self) -> dict[str, int]:
        stops = {"stops": len(self.stops), "lifts": len(self.lifts)}
        merged = {"people": len(self.people), "companies": len(self.companies)}
        return {**stops, "clearances": len(self.cleared), "halts": len(self.halts), **merged}

    def __bool__(self) -> bool:
        return any(self.counts.values())


def missing() -> Missing:
    """Compare the whole journal with the database. Raises JournalUnavailable."""
    return Missing(
        stops=_missing_stops(),
        lifts=_missing_lifts(),
        cleared=_missing_clearances(),
        halts=replay_halts.missing(),
        people=replay_people.missing(),
        companies=replay_companies.missing(),
    )


def replay(*, by: Principal, at: datetime) -> Missing:
    """Write down again what is missing, under the caller's transaction and locks; what was written.

    The order counter comes to stand above the journal's highest number first. Raises JournalUnavailable.
    """
    lost = missing()
    _raise_counter(journal.highest())
    for chunk in _chunks(lost.cleared):
        _write_clearances(chunk)
    for record in lost.stops:
        _write_stop(record, by=by, at=at)
    # With every stop in place, so that whoever is one person has all of both; and before a lift that rests on it.
    replay_people.write_all(lost.people, by=by, at=at)
    for record in lost.lifts:
        _write_lift_if_true(record, by=by, at=at)
    for record in lost.halts:
        replay_halts.write(record, by=by, at=at)
    # With everything in place that is to hold for both.
    replay_companies.write_all(lost.companies, by=by, at=at)
    return lost


def _missing_stops() -> list[Record]:
    # What was replayed once and lost again is told by its first record.
    told = {_origin(record): record for record in journal.records("stop") if "origin" not in record}
    known = _known_stops({order for order, _since in told})
    return [told[key] for key in sorted(told) if key not in known]


def _known_stops(orders: Collection[int]) -> dict[Origin, int]:
    """{(order, moment) as first recorded: its row}: two lives of a database may have used one number twice."""
    found: dict[Origin, int] = {}
    for chunk in _chunks(sorted(orders)):
        for key, order, since in Suppression.objects.filter(order_no__in=chunk).values_list("pk", "order_no", "at"):
            found[(order, since.isoformat())] = key
    for key, evidence in Suppression.objects.filter(evidence__has_key=ORIGIN).values_list("pk", "evidence"):
        order, since = evidence[ORIGIN]
        found[(order, since)] = key
    return found


def _missing_lifts() -> list[Record]:
    told: dict[Origin, Record] = {}
    for record in journal.records("lift"):
        # A stop is lifted once; a lift that was replayed itself tells nothing new.
        told.setdefault(_stop_of(record), record)
    stops = {_origin(record) for record in journal.records("stop") if "origin" not in record}
    known = _known_stops({order for order, _since in told})
    lifted = set(Lift.objects.values_list("stop", flat=True))
    # A stop that neither this journal nor the database has heard of holds nobody up.
    lost = [record for stop, record in told.items() if stop in stops | known.keys() and known.get(stop) not in lifted]
    return sorted(lost, key=lambda record: int(record["order"]))


def _missing_clearances() -> list[Cleared]:
    """The last of each message: that it came to a last one proves that those before it did not go."""
    last: dict[tuple[str, UUID], Cleared] = {}
    for row in _cleared():
        if row.order > last.get((row.ref, row.person), row).order or (row.ref, row.person) not in last:
            last[(row.ref, row.person)] = row
    known: set[tuple[str, UUID, int]] = set()
    for chunk in _chunks([row.order for row in last.values()]):
        both = [*chunk, *(-order for order in chunk)]
        rows = Decision.objects.filter(order_no__in=both, outcome=Outcome.PERMIT)
        known |= {(ref, person, abs(no)) for ref, person, no in rows.values_list("ref", "person", "order_no")}
    lost = [row for row in last.values() if (row.ref, row.person, row.order) not in known]
    return sorted(lost, key=lambda row: row.order)


def _cleared() -> Iterator[Cleared]:
    for record in journal.records("cleared"):
        at = _moment(record["at"])
        for ref, attempt, person, account, domain, mailbox, opening, *step, order in record["rows"]:
            yield Cleared(at, ref, attempt, UUID(person), account, domain, mailbox, opening, order, *step)


def _write_clearances(rows: Sequence[Cleared]) -> None:
    refs = {row.ref for row in rows}
    taken = set(Decision.objects.filter(ref__in=refs).values_list("ref", "attempt"))
    taken |= set(Touch.objects.filter(ref__in=refs).values_list("ref", "attempt"))
    for row in rows:
        number = LOST_ATTEMPTS + row.order if (row.ref, row.attempt) in taken else row.attempt
        _write_clearance(row, number)
        taken.add((row.ref, number))


def _write_clearance(row: Cleared, attempt: int) -> None:
    told: dict[str, Any] = {"ref": row.ref, "attempt": attempt, "at": row.at, "order_no": -row.order}
    told |= {"person": row.person, "mailbox": row.mailbox}
    Decision.objects.create(outcome=Outcome.PERMIT, code=CODE, verdicts=[], card=0, playbook=0, **told)
    Touch.objects.create(account=row.account, domain=row.domain, opening=row.opening, **told)
    if row.card and row.step:
        LostStep.objects.create(order_no=-row.order, card=row.card, series=row.series, step=row.step)


def _write_stop(record: Record, *, by: Principal, at: datetime) -> None:
    (order,) = locks.draw_order(1)
    row = Suppression.objects.create(
        order_no=order,
        at=at,
        person=UUID(record["person"]) if record["person"] else None,
        account=record["account"],
        scope=record["scope"],
        reason=record["reason"],
        strength=record["strength"],
        source="journal",
        evidence={ORIGIN: list(_origin(record)), "source": record["source"]},
        recorded_by=actor(by),
    )
    SuppressionDigest.objects.bulk_create(
        [SuppressionDigest(suppression=row, digest=digest) for digest in record["digests"]]
    )
    told = {"code": row.reason, "scope": row.scope, "person": row.person, "order": order, "first": record["order"]}
    audit.record("suppression.replayed", audit.reference(row), by=by, at=at, **told)
    journaling.stop_recorded(row)


def _write_lift_if_true(record: Record, *, by: Principal, at: datetime) -> None:
    """The database refuses a lift whose opt-in it no longer knows to be that person's; then the stop holds."""
    try:
        with transaction.atomic():
            _write_lift(record, by=by, at=at)
    except IntegrityError:
        _log.warning("the lift %s of the journal could not be written again; its stop holds", record["order"])


def _write_lift(record: Record, *, by: Principal, at: datetime) -> None:
    stop = Suppression.objects.get(pk=_known_stops({record["stop"][0]})[_stop_of(record)])
    opt_in = _opt_in(record["opt_in"], stop) if record["opt_in"] else None
    (order,) = locks.draw_order(1)
    entered, confirmed = record["entered"], record["confirmed"]
    row = Lift.objects.create(
        order_no=order,
        at=at,
        stop=stop,
        strength=stop.strength,
        opt_in=opt_in,
        reason=_REASON,
        entered_by=entered[0],
        entered_person=entered[1],
        confirmed_by=confirmed[0],
        confirmed_person=confirmed[1],
    )
    told = {"order": order, "stop_order": stop.order_no, "first": record["order"], "lift": row.pk}
    audit.record("suppression.lifted", audit.reference(stop), by=by, at=at, reason=_REASON, **told)
    journaling.lift_recorded(row)


def _opt_in(told: Mapping[str, Any], stop: Suppression) -> OptIn:
    """The opt-in it rested on: younger than the stop it lifted, so younger than the stop as it is now."""
    person, since = UUID(told["person"]), _moment(told["since"])
    rows = OptIn.objects.filter(person=person, digest=told["digest"], at=since, order_no__gt=stop.order_no)
    if known := rows.order_by("order_no").first():
        return known
    (order,) = locks.draw_order(1)
    return OptIn.objects.create(
        order_no=order,
        at=since,
        person=person,
        digest=told["digest"],
        way=told["way"],
        wording=told["wording"],
        source=told["source"],
        recorded_by=told["recorded_by"],
    )


def _raise_counter(above: int) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval('compliance_order', greatest(last_value, %s)) FROM compliance_order", [above])
        else:
            cursor.execute("UPDATE compliance_order SET value = max(value, %s)", [above])


def _origin(record: Record) -> Origin:
    return record["order"], record["since"]


def _stop_of(record: Record) -> Origin:
    order, since = record["stop"]
    return order, since


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError(text)
    return moment


def _chunks(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
