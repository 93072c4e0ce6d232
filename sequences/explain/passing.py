"""Tells the passages of a person: through which sequence, from whom, since when, and why they ended."""

from collections.abc import Sequence

from django.db.models import Count

from compliance import admin_words as words
from sequences.explain import shape
from sequences.explain.whom import Whom
from sequences.models import Enrollment, Step


def passages_of(whom: Whom) -> list[Enrollment]:
    """Every passage of every address of the person, the first first, with all that the door is told of them."""
    rows = Enrollment.objects.filter(contact__in=[row.pk for row in whom.contacts]).order_by("entered_at", "pk")
    with_all = ("contact__account", "contact__card", "version__sequence", "row__recipient_list", "mailbox")
    return list(rows.select_related(*with_all))


def told(passages: Sequence[Enrollment]) -> list[shape.Passage]:
    """The same for people and programs."""
    versions = {row.version_id for row in passages}
    counted = Step.objects.filter(version__in=versions).order_by().values("version").annotate(count=Count("pk"))
    steps = dict(counted.values_list("version", "count"))
    return [_passage(row, steps.get(row.version_id, 0)) for row in passages]


def _passage(row: Enrollment, steps: int) -> shape.Passage:
    return {
        "id": row.pk,
        "contact": row.contact_id,
        "sequence": row.version.sequence.name,
        "version": row.version.number,
        "list": row.row.recipient_list.name,
        "mailbox": row.mailbox.address,
        "state": row.state,
        "said": row.get_state_display(),
        "reason": row.exit_reason,
        "because": words.say(row.exit_reason),
        "entered": row.entered_at,
        "ended": row.ended_at,
        "signed_at": row.row.signed_at,
        "next_step": row.next_step,
        "steps": steps,
        "due": row.due_at,
    }
