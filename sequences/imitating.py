"""Decides whom of a list somebody has to look at because the address imitates another one (LAW SUP-03)."""

from collections.abc import Sequence
from dataclasses import dataclass

from compliance import addresses, lookalikes, stopped
from sequences.models import ListRow, RecipientList

# Nothing that is written to holds a letter outside ASCII but in a label of its domain.
_A_LABEL = "xn--"


@dataclass(frozen=True)
class Imitation:
    """Somebody whose address is read as another one, and whether that one may not be written to, or its domain."""

    row: ListRow
    reading: str
    stopped: bool


def imitations(recipients: RecipientList) -> Sequence[Imitation]:
    """Everybody on the list whose address is read as a plain one, or imitates one for which a stop holds now."""
    odd = recipients.rows.filter(removed_at=None, contact__address__contains=_A_LABEL).order_by("pk")
    rows = [(row, addresses.parse(row.contact.address)) for row in odd.select_related("contact")]
    held = stopped.stops([], [address for _row, address in rows], [], [])
    # Who is stopped themselves imitates nobody by it.
    others = [(row, address) for row, address in rows if address.canonical not in held.addresses]
    found = [_imitation(row, held.alike.get(address.canonical)) for row, address in others]
    return [one for one in found if one.reading]


def kept_out(recipients: RecipientList) -> int:
    """How many rows of the files loaded were not taken because they imitate whoever may not be written to."""
    found = recipients.imports.values_list("findings", flat=True)
    return sum(one["code"] == stopped.IMITATES for findings in found for one in findings)


def _imitation(row: ListRow, alike: stopped.Alike | None) -> Imitation:
    if alike:
        return Imitation(row, alike.reading, stopped=True)
    return Imitation(row, lookalikes.imitated(row.contact.address), stopped=False)
