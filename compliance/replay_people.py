"""Decides which persons an older copy takes for two, or for one, and makes them again what they turned out to be.

The strictest wins: a merge keeps every stop of both, and a split takes none of them back (LAW SUP-09, PIP-14). Of whom
the older copy has never heard, nothing is merged; their stops are found by the digests of their addresses.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from compliance import audit, journal, persons
from compliance.journal import Record
from compliance.models import AddressCard, PersonKey
from compliance.principals import Principal


def missing() -> list[Record]:
    """Merges and splits that the journal tells of and this database could make, in the order of their making."""
    told = list(journal.records("merge", "split"))
    if not told:
        return []
    known, found, again = _known(), list[Record](), set[UUID]()
    for record in told:
        if _key(record) in known:
            continue
        # Whom a merge is about to make one may have been split since; whether it can be is seen when its turn comes.
        if _possible(record) or (record["kind"] == "split" and again.intersection(_people(record))):
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


def _write(record: Record, *, by: Principal, at: datetime) -> None:
    said = _("Taken back from the journal.")
    if record["kind"] == "merge":
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
    return (record["absorbed"], record["since"]) if record["kind"] == "merge" else (record["new"], "")


def _possible(record: Record) -> bool:
    """Whether this database knows both, and takes them for what they are not."""
    roots = {persons.root(person) for person in _people(record)}
    if record["kind"] == "merge":
        return len(roots) == 2 and AddressCard.objects.filter(person__in=roots).values("person").distinct().count() == 2
    if PersonKey.objects.filter(pk=record["new"]).exists():
        return False
    theirs = AddressCard.objects.filter(person__in=roots)
    return theirs.filter(digest=record["card"]).exists() and theirs.count() > 1


def _people(record: Record) -> list[UUID]:
    names = ("kept", "absorbed") if record["kind"] == "merge" else ("was",)
    return [UUID(record[name]) for name in names]
