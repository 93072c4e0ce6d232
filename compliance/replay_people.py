"""Decides which persons an older copy takes for two, or for one, and makes them again what they turned out to be.

The strictest wins: a merge keeps every stop of both, and a split takes none of them back (LAW SUP-09, PIP-14). Of whom
the older copy has never heard, nothing is merged; their stops are found by the digests of their addresses.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from compliance import audit, journal, journaling, persons
from compliance.journal import Record
from compliance.models import AddressCard, IdentityChange, PersonKey
from compliance.principals import Principal

Kind = IdentityChange.Kind
_OF_PEOPLE = (Kind.MERGE, Kind.SPLIT)


def missing() -> list[Record]:
    """Merges and splits that the journal tells of and this database could make, in the order of their making."""
    told = _told()
    if not told:
        return []
    known, found, again = _known(), list[Record](), set[UUID]()
    for record in told:
        if _key(record) in known:
            continue
        # Whom a merge is about to make one may have been split since; whether it can be is seen when its turn comes.
        if _possible(record) or (_sort(record) == Kind.SPLIT and again.intersection(_people(record))):
            found.append(record)
            again.update(_people(record))
    return found


def write_all(lost: Iterable[Record], *, by: Principal, at: datetime) -> None:
    """Make them again, under the caller's transaction, every card concerned locked first. Raises OvertakenError."""
    rows = list(lost)
    if not rows:
        return
    persons.hold({person for record in rows for person in _people(record)})
    for record in rows:
        if _possible(record):
            _write(record, by=by, at=at)


def _told() -> list[Record]:
    """In the order in which they were first said: one that was caught up later stands behind what came after it."""
    found = [record for record in journal.records(journaling.CHANGE, *_OF_PEOPLE) if _sort(record) in _OF_PEOPLE]
    return sorted(found, key=lambda record: (datetime.fromisoformat(_since(record)), int(record["order"])))


def _since(record: Record) -> str:
    return str(record.get("since") or record["at"])


def _sort(record: Record) -> str:
    """Older journals have each sort as a kind of its own."""
    return str(record.get("sort") or record["kind"])


def _write(record: Record, *, by: Principal, at: datetime) -> None:
    said = _("Taken back from the journal.")
    if _sort(record) == Kind.MERGE:
        kept, absorbed = UUID(record["kept"]), UUID(record["absorbed"])
        persons.merge(kept, absorbed, by=by, at=at, reason=said, since=record["since"])
        return
    card = AddressCard.objects.get(digest=record["card"])
    persons.split(card, by=by, at=at, reason=said, new=UUID(record["new"]))


def _known() -> set[tuple[str, str]]:
    """What the log of this database has of it, said here first or told by a journal before."""
    merged = {(data["absorbed"], data.get("since") or at.isoformat()) for at, data in audit.told(persons.MERGED)}
    return merged | {(data["person"], "") for _at, data in audit.told(persons.SPLIT)}


def _key(record: Record) -> tuple[str, str]:
    return (record["absorbed"], record["since"]) if _sort(record) == Kind.MERGE else (record["new"], "")


def _possible(record: Record) -> bool:
    """Whether this database knows both, and takes them for what they are not."""
    roots = {persons.root(person) for person in _people(record)}
    if _sort(record) == Kind.MERGE:
        return len(roots) == 2 and AddressCard.objects.filter(person__in=roots).values("person").distinct().count() == 2
    if PersonKey.objects.filter(pk=record["new"]).exists():
        return False
    theirs = AddressCard.objects.filter(person__in=roots)
    return theirs.filter(digest=record["card"]).exists() and theirs.count() > 1


def _people(record: Record) -> list[UUID]:
    names = ("kept", "absorbed") if _sort(record) == Kind.MERGE else ("was",)
    return [UUID(record[name]) for name in names]
