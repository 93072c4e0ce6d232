"""Turns what is due into rows of the outbox, at most one per step, asking the door what it would say."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from compliance import clearance, playbook
from compliance.clearance import Ruling
from compliance.models import Outcome
from sequences import asks, settling
from sequences.models import Enrollment, OutboundMessage, Step
from sequences.timetable import expires_at
from sequences.wire import new_message_id

_BATCH = 200
_STALE_AFTER_DAYS = 10


def plan_round(at: datetime) -> dict[str, int]:
    """Plan every step that is due; how many were planned and how many refused outright."""
    planned = refused = 0
    while due := _due(at):
        rulings = clearance.preview([asks.for_step(row) for row in due], at)
        made = _plan(due, rulings, at)
        planned += len(made)
        refused += _refuse(made, rulings, at)
    return {"planned": planned, "refused": refused}


def _due(at: datetime) -> list[Enrollment]:
    rows = Enrollment.objects.filter(state=Enrollment.State.ACTIVE, due_at__lte=at).order_by("due_at", "pk")
    return list(
        rows.select_related("contact__account", "contact__card", "version__sequence", "row__recipient_list", "mailbox")[
            :_BATCH
        ]
    )


def _plan(due: Sequence[Enrollment], rulings: Sequence[Ruling], at: datetime) -> list[OutboundMessage]:
    """Insert the messages and take the enrollments off the due list, in one transaction."""
    texts = _texts(due)
    life = int(playbook.section("sequences").get("stale_after_days", _STALE_AFTER_DAYS))
    rows = [
        OutboundMessage(
            ref=ruling.ask.ref,
            enrollment=row,
            step=row.next_step,
            template_version_id=texts[(row.version_id, row.next_step)],
            mailbox=row.mailbox,
            planned_at=at,
            not_before=ruling.decisive.until or row.due_at or at,
            reason=ruling.code if ruling.outcome == Outcome.DEFER else "",
            expires_at=expires_at(row.due_at or at, days=life),
            message_id=new_message_id(secrets.token_bytes(16), row.mailbox.domain),
        )
        for row, ruling in zip(due, rulings, strict=True)
    ]
    with transaction.atomic():
        # Another planner may have planned the same steps: the unique reference lets only one of each stand.
        OutboundMessage.objects.bulk_create(rows, ignore_conflicts=True)
        for row in due:
            Enrollment.objects.filter(pk=row.pk, next_step=row.next_step).update(due_at=None)
        ours = OutboundMessage.objects.filter(message_id__in=[row.message_id for row in rows])
        return list(ours.select_related("enrollment__contact").order_by("pk"))


def _refuse(made: Sequence[OutboundMessage], rulings: Sequence[Ruling], at: datetime) -> int:
    by_ref = {ruling.ask.ref: ruling for ruling in rulings if ruling.outcome == Outcome.REFUSE}
    refused = [row for row in made if row.ref in by_ref]
    for row in refused:
        settling.refuse(row, by_ref[row.ref].decisive, at)
    return len(refused)


def _texts(due: Sequence[Enrollment]) -> dict[tuple[int, int], int]:
    rows = Step.objects.filter(version__in={row.version_id for row in due})
    return {(row.version_id, row.position): row.template_version_id for row in rows}
