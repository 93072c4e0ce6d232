"""Decides what concerns a person: every stop and hold ever recorded for them, and whatever stands still now."""

from collections.abc import Collection

from compliance import admin_words as words
from compliance import cards, halts, stopped
from compliance import suppression as ledger
from compliance.models import AddressDigest, Hold, LostStep, Suppression, SuppressionDigest
from sequences.explain import shape
from sequences.explain.whom import Whom

_SHOWN = 100


def stops(whom: Whom) -> tuple[list[Suppression], list[shape.Stop]]:
    """Stops of the person, of their companies and domains, and of whom their addresses imitate; the first first."""
    keys = {*_by_spelling(whom), *_by_name(whom)}
    rows = list(Suppression.objects.filter(pk__in=keys).select_related("lift").order_by("-order_no")[:_SHOWN])
    alike = stopped.looks_stopped(whom.texts)
    readings = {found.stop.pk: found.reading for found in alike.values() if found.stop.pk not in keys}
    imitated = [found.stop for found in alike.values() if found.stop.pk in readings]
    every = sorted({row.pk: row for row in [*rows, *imitated]}.values(), key=lambda row: row.order_no)
    return rows, [_stop(row, readings.get(row.pk, "")) for row in every]


def holds(whom: Whom) -> list[shape.Hold]:
    """Whenever somebody had to decide first, the first first."""
    rows = Hold.objects.filter(person__in=whom.keys).order_by("-order_no")[:_SHOWN] if whom.keys else ()
    return [
        {
            "id": row.pk,
            "reason": row.reason,
            "because": row.get_reason_display(),
            "source": row.source,
            "at": row.at,
            "by": row.placed_by,
            "holds": row.ended_at is None,
            "ended_at": row.ended_at,
        }
        for row in list(rows)[::-1]
    ]


def standing(whom: Whom, scopes: Collection[str]) -> list[shape.Halt]:
    """What stands still of these scopes, and of all to which any message to this person belongs."""
    domains = (ledger.scopes_above(one.domain) for one in whom.written_to)
    found = halts.standing({halts.EVERYTHING, *whom.companies, *scopes}.union(*domains))
    return [
        {
            "id": row.pk,
            "scope": row.scope,
            "said": words.say_scope(row.scope),
            "since": row.at,
            "kind": row.kind,
            "reason": row.reason,
        }
        for row in sorted(found.values(), key=lambda row: row.order_no)
    ]


def lost_steps(whom: Whom) -> list[shape.LostStep]:
    """What went to one of their addresses in a life of the database that was lost."""
    rows = LostStep.objects.filter(card__in=whom.card_digests).order_by("order_no")
    return [{"series": row.series, "step": row.step} for row in rows]


def _by_spelling(whom: Whom) -> set[int]:
    asked = frozenset[str]().union(*map(cards.all_digests, whom.written_to))
    on_cards = AddressDigest.objects.filter(card__in=[card.pk for card in whom.cards]).values_list("digest", flat=True)
    rows = SuppressionDigest.objects.filter(digest__in={*asked, *on_cards, *whom.card_digests})
    return set(rows.values_list("suppression", flat=True))


def _by_name(whom: Whom) -> set[int]:
    people = Suppression.objects.filter(person__in=whom.keys).values_list("pk", flat=True) if whom.keys else ()
    companies = Suppression.objects.filter(account__in=whom.companies).exclude(account="")
    return {*people, *companies.values_list("pk", flat=True)}


def _stop(row: Suppression, reading: str) -> shape.Stop:
    lift = getattr(row, "lift", None)
    return {
        "id": row.pk,
        "scope": row.scope,
        "reason": row.reason,
        "because": row.get_reason_display(),
        "at": row.at,
        "holds": lift is None,
        "lifted_at": lift.at if lift else None,
        "reading": reading,
    }
