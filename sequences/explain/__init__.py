"""Explains a person's mail: why each message went or did not, what stands against the next one, and when it goes.

Nothing is kept for it: it is read from what the door, the log and the journal hold anyway, in a number of queries that
does not grow with what happened (spec SQ8; LAW AUD-03). Asking changes nothing; the edges record who looked.
"""

from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance import persons, playbook
from compliance.addresses import Address
from compliance.playbook import NoPlaybook
from compliance.principals import Staff
from compliance.refusals import Refusal
from sequences.explain import absent, coming, passing, standing, went, whom
from sequences.explain.shape import Explanation
from sequences.explain.whom import Whom
from sequences.imports import reasons
from sequences.imports.judging import Judge, Verdict
from sequences.models import Contact

__all__ = ["PERMISSIONS", "Explanation", "NobodyKnown", "against", "of_address", "of_contact", "subject_of"]

PERMISSIONS = ("sequences.view_contact", "sequences.view_outboundmessage", "compliance.view_suppression")
"""Who may see all of that one by one may see it together."""


class NobodyKnown(LookupError):
    """No contact, card, stop or journal knows this address. `import_says` is why a file with it would be left out."""

    def __init__(self, import_says: str) -> None:
        super().__init__(import_says)
        self.import_says = import_says


def against(by: Staff) -> list[Refusal]:
    """What keeps somebody from being told."""
    if by.is_active and all(map(by.has_perm, PERMISSIONS)):
        return []
    return [Refusal("not_permitted", _("Your roles do not include this."))]


def of_address(text: str, *, at: datetime, before: int | None = None) -> Explanation:
    """The mail of whoever has this address, in any spelling; of somebody erased what digests still tell.

    `before` is the key of a message: only older ones are told. Raises AddressError and NobodyKnown.
    """
    found = whom.by_address(text)
    told = _explained(found, at, before)
    if not (found.cards or told["stops"] or told["lost_steps"]):
        raise NobodyKnown(_import_says(found.asked))
    return told


def of_contact(contact: Contact, *, at: datetime, before: int | None = None) -> Explanation:
    """The same of the person to whom a contact belongs, with all their other addresses."""
    return _explained(whom.by_contact(contact), at, before)


def subject_of(told: Explanation) -> str:
    """Whom an explanation speaks of, as the log names them: a contact, else a person, else the stop that knows them."""
    person = told["person"]
    if person["contacts"]:
        return f"{Contact._meta.label_lower}:{person['contacts'][0]['id']}"
    if person["key"]:
        return persons.named(UUID(person["key"]))
    return f"compliance.suppression:{told['stops'][0]['id']}" if told["stops"] else "compliance.loststep"


def _explained(person: Whom, at: datetime, before: int | None) -> Explanation:
    with ExitStack() as stack:
        # One version for the whole answer; who has none is told what there is all the same.
        with suppress(NoPlaybook):
            stack.enter_context(playbook.pinned())
        return _told(person, at, before)


def _told(person: Whom, at: datetime, before: int | None) -> Explanation:
    passages = passing.passages_of(person)
    newest = went.newest(passages, before)
    stops, told_stops = standing.stops(person)
    step = coming.open_step(passages)
    told: Explanation = {
        "at": at,
        "person": whom.told(person),
        "stops": told_stops,
        "holds": standing.holds(person),
        "halts": standing.standing(person, step.scopes if step else ()),
        "passages": passing.told(passages),
        "messages": went.told(newest.rows, passages),
        "older": newest.older,
        "came_back": went.answers([row.pk for row in person.contacts], newest.rows),
        "next": coming.foreseen(step, at) if step else None,
        "lists": absent.lists(person, passages, at),
        "left_out": absent.left_out(stops),
        "lost_steps": standing.lost_steps(person),
    }
    _name(told)
    return told


def _name(told: Explanation) -> None:
    """Put names where the log has keys, with one query for all."""
    rows = list(_with_actor(told))
    names = words.name_actors({row["by"] for row in rows})
    for row in rows:
        row["by"] = names[row["by"]]


def _with_actor(told: Explanation) -> Iterator[MutableMapping[str, Any]]:
    yield from told["person"]["changes"]  # type: ignore[misc]  # a change is such a mapping
    yield from told["holds"]  # type: ignore[misc]  # so is a hold
    for message in told["messages"]:
        yield from message["history"]  # type: ignore[misc]  # and so is an event


def _import_says(address: Address | None) -> str:
    kind = Judge().kind_of(address) if address else Verdict.NEW
    return "" if kind is Verdict.NEW else reasons.reason(kind)
