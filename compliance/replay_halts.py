"""Decides which halts an older copy of the database has forgotten, and lets them stand again (LAW PIP-13, PIP-14).

The strictest wins: what was placed since stands again; what was started since and stands in the older copy goes on
standing, and two people are told to start it again.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from compliance import halts, journal, journaling, vault
from compliance.journal import Record
from compliance.models import Halt
from compliance.principals import Principal
from compliance.vault import Unreadable

Origin = tuple[int, str]


def missing() -> list[Record]:
    """Halts that the journal tells of, that nobody has started again, and that this database does not know."""
    told = {_origin(record): record for record in journal.records("halt")}
    open_still = {origin: told[origin] for origin in told.keys() - _started()}
    if not open_still:
        return []
    known = {_as_origin(row) for row in Halt.objects.filter(_of(open_still))}
    return [open_still[origin] for origin in sorted(open_still) if origin not in known | _covered(open_still)]


def standing_again() -> int:
    """How many stand here that two people had started since this copy was made."""
    started = _started()
    rows = Halt.objects.exclude(state=Halt.State.LIFTED)
    return sum(_as_origin(row) in started for row in rows) if started else 0


def write(record: Record, *, by: Principal, at: datetime) -> None:
    """Let one stand again."""
    order, since = _origin(record)
    row = Halt(scope=_scope(record), kind=record["sort"], code=record["code"], origin=[order, since])
    row.reason = _("It stood when the database was lost; taken back from the journal.")
    stand_again(row, by=by, at=at)


def stand_again(row: Halt, *, by: Principal, at: datetime) -> None:
    """The same unless it stands already; somebody may just have placed it."""
    if _stands(row):
        return
    try:
        with transaction.atomic():
            halts.place_again(row, by=by, at=at)
    except IntegrityError:
        if not _stands(row):
            raise


def _started() -> set[Origin]:
    return {(record["halt"][0], record["halt"][1]) for record in journal.records("start")}


def _covered(told: dict[Origin, Record]) -> set[Origin]:
    """Where the same was placed later, or stands: whoever started that has started this."""
    found = set()
    for origin, record in told.items():
        same = Halt.objects.filter(scope=_scope(record), kind=record["sort"], code=record["code"])
        if same.filter(~Q(state=Halt.State.LIFTED) | Q(at__gte=parse_datetime(origin[1]))).exists():
            found.add(origin)
    return found


def _of(told: dict[Origin, Record]) -> Q:
    return Q(order_no__in=[order for order, _since in told]) | Q(origin__isnull=False)


def _stands(row: Halt) -> bool:
    same = Halt.objects.filter(scope=row.scope, kind=row.kind, code=row.code)
    return same.exclude(state=Halt.State.LIFTED).exists()


def _scope(record: Record) -> str:
    """What cannot be read any more stops everything."""
    try:
        return str(record["scope"] if "scope" in record else vault.unseal(record["sealed"]))
    except Unreadable:
        return halts.EVERYTHING


def _origin(record: Record) -> Origin:
    found: Sequence[object] = record.get("origin") or [record["order"], record["since"]]
    return int(str(found[0])), str(found[1])


def _as_origin(row: Halt) -> Origin:
    order, since = journaling.origin_of(row)
    return int(str(order)), str(since)
