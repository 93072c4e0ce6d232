"""Decides which messages a halt holds, and asks again at once for those that no longer stand still (spec X8)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from compliance import addresses, halts, suppression
from compliance.addresses import AddressError
from sequences.models import Mailbox, OutboundMessage, RecipientList, Sequence, Template

_BATCH = 1000
# What the door holds for a halt it asks about again after an hour; only a younger start has anything to bring forward.
_HELD_FOR = timedelta(hours=1)


class NothingMatches(LookupError):
    """Nothing of that kind has that name. `known` says what there is."""

    def __init__(self, known: list[str]) -> None:
        super().__init__(", ".join(known))
        self.known = known


def scopes_of(kind: str, name: str) -> list[str]:
    """The scopes that people mean by the name of a mailbox, domain, sequence, template, list, recipient-domain.

    A name that two lists have but for its case means both: stopping too much can be mended. Raises NothingMatches.
    """
    name = name.strip().lower()
    if kind == "recipient-domain":
        return [_recipient_domain(name)]
    there = _THERE[kind]()
    if not (found := [scope for scope, names in there if name in names]):
        raise NothingMatches(sorted({names[0] for _scope, names in there}))
    return found


def _recipient_domain(name: str) -> str:
    try:
        return suppression.domain_scope(addresses.parse_domain(name.removeprefix("@")))
    except AddressError as error:
        raise NothingMatches([]) from error


def _mailboxes() -> list[tuple[str, list[str]]]:
    return [(row.key, [row.address.lower()]) for row in Mailbox.objects.all()]


def _domains() -> list[tuple[str, list[str]]]:
    domains = sorted({row.domain for row in Mailbox.objects.all()})
    return [(f"sending-domain:{domain}", [domain]) for domain in domains]


def _sequences() -> list[tuple[str, list[str]]]:
    return [(row.key, [row.name.lower(), row.slug.lower()]) for row in Sequence.objects.all()]


def _templates() -> list[tuple[str, list[str]]]:
    return [(row.key, [row.name.lower(), row.slug.lower()]) for row in Template.objects.all()]


def _lists() -> list[tuple[str, list[str]]]:
    return [(row.key, [row.name.lower()]) for row in RecipientList.objects.all()]


_THERE = {"mailbox": _mailboxes, "domain": _domains, "sequence": _sequences, "template": _templates, "list": _lists}


def held_by(scope: str) -> Q:
    """The messages that belong to a scope, whatever their state."""
    kind, _colon, key = scope.partition(":")
    match kind:
        case "mailbox":
            return Q(mailbox=key)
        case "sending-domain":
            return Q(mailbox__address__iendswith=f"@{key}")
        case "sequence":
            return Q(enrollment__version__sequence=key)
        case "template":
            return Q(template_version__template=key)
        case "list":
            return Q(enrollment__row__recipient_list=key)
        case "account":
            return Q(enrollment__contact__account=key) | Q(enrollment__contact__account__merged_into=key)
        case "recipient-domain":
            at_it, below = (Q(enrollment__contact__address__iendswith=f"{sign}{key}") for sign in "@.")
            return at_it | below
    return Q()


def counts(scope: str) -> dict[str, int]:
    """How many messages wait in a scope, and how many are past the door and may still reach their server."""
    rows = OutboundMessage.objects.filter(held_by(scope))
    return {
        "waiting": rows.filter(state__in=[OutboundMessage.State.PLANNED, OutboundMessage.State.CLAIMED]).count(),
        "on_the_wire": rows.filter(state=OutboundMessage.State.CLEARED).count(),
    }


def release_round(at: datetime) -> dict[str, int]:
    """What waited for a halt that was lifted is asked again now, unless it still stands still for another reason."""
    if not halts.lifted_since(at - _HELD_FOR):
        return {"released": 0}
    standing = halts.standing()
    if halts.EVERYTHING in standing:
        return {"released": 0}
    rows = OutboundMessage.objects.filter(state=OutboundMessage.State.PLANNED, reason="halted", not_before__gt=at)
    for scope in standing:
        rows = rows.exclude(held_by(scope))
    released = 0
    while forward := _bring_forward(rows, at):
        released += forward
    return {"released": released}


def _bring_forward(rows: QuerySet[OutboundMessage], at: datetime) -> int:
    # Rows a worker is changing are skipped: they come next time, and two rounds never wait for each other.
    with transaction.atomic():
        locked = rows.order_by("pk").select_for_update(skip_locked=True, of=("self",))
        keys = list(locked.values_list("pk", flat=True)[:_BATCH])
        return OutboundMessage.objects.filter(pk__in=keys).update(not_before=at) if keys else 0
