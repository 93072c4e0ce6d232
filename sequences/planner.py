"""Turns what is due into rows of the outbox, at most one per step, asking the door what it would say."""

import logging
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import Error, transaction

from compliance import clearance
from compliance.clearance import Ruling
from compliance.models import Outcome
from sequences import asks, policy, settling
from sequences.models import Enrollment, OutboundMessage, Step, TemplateVersion
from sequences.models.templates import template_key
from sequences.timetable import expires_at
from sequences.wire import new_message_id

_log = logging.getLogger(__name__)
_UNTIL_SOMEBODY_MENDS = timedelta(days=1)
_BATCH = 200


def plan_round(at: datetime) -> dict[str, int]:
    """Plan every step that is due; how many were planned, how many of these refused outright, how many put off."""
    counts = Counter({"planned": 0, "refused": 0})
    while due := _due(at):
        counts.update(_plan_apart(due, at))
    return dict(counts)


def _plan_apart(due: Sequence[Enrollment], at: datetime) -> Mapping[str, int]:
    """Plan a batch; when that fails, plan its halves, so that what cannot be planned is put off alone."""
    try:
        texts = _texts(due)
        asked = [asks.for_step(row, template_key(text.template_id)) for row, text in zip(due, texts, strict=True)]
        rulings = clearance.preview(asked, at)
        made = _plan(due, texts, rulings, at)
    except Error:
        raise
    except Exception:  # noqa: BLE001 - one passage that cannot be planned must not stop the others
        if len(due) == 1:
            _log.exception("enrollment %s cannot be planned", due[0].pk)
            _put_off(due[0], at)
            return {"put_off": 1}
        half = len(due) // 2
        return Counter(_plan_apart(due[:half], at)) + Counter(_plan_apart(due[half:], at))
    return {"planned": len(made), "refused": _refuse(made, rulings, at)}


def _put_off(row: Enrollment, at: datetime) -> None:
    here = Enrollment.objects.filter(pk=row.pk, next_step=row.next_step, due_at__isnull=False)
    here.update(due_at=at + _UNTIL_SOMEBODY_MENDS)


def _due(at: datetime) -> list[Enrollment]:
    rows = Enrollment.objects.filter(state=Enrollment.State.ACTIVE, due_at__lte=at, paused_at=None)
    rows = rows.order_by("due_at", "pk")
    return list(
        rows.select_related("contact__account", "contact__card", "version__sequence", "row__recipient_list", "mailbox")[
            :_BATCH
        ]
    )


def _plan(
    due: Sequence[Enrollment], texts: Sequence[TemplateVersion], rulings: Sequence[Ruling], at: datetime
) -> list[OutboundMessage]:
    """Take the enrollments off the due list and insert their messages, in one transaction."""
    life = policy.life_of_step()
    rows = [
        OutboundMessage(
            ref=ruling.ask.ref,
            enrollment=row,
            step=row.next_step,
            template_version=text,
            mailbox=row.mailbox,
            recipient_list=row.row.recipient_list,
            planned_at=at,
            not_before=ruling.decisive.until or row.due_at or at,
            reason=ruling.code if ruling.outcome == Outcome.DEFER else "",
            expires_at=expires_at(row.due_at or at, days=life),
            message_id=new_message_id(secrets.token_bytes(16), row.mailbox.domain),
        )
        for row, text, ruling in zip(due, texts, rulings, strict=True)
    ]
    with transaction.atomic():
        # The passage first: who left it meanwhile, or stands at an earlier step again, is not planned for.
        ours = [row for row in rows if _taken(row)]
        # The same step may have been planned in another way: the unique reference lets only one of each stand.
        OutboundMessage.objects.bulk_create(ours, ignore_conflicts=True)
        made = OutboundMessage.objects.filter(message_id__in=[row.message_id for row in ours])
        return list(made.select_related("enrollment__contact").order_by("pk"))


def _taken(row: OutboundMessage) -> bool:
    """Whether the passage was still due at this step and running, and is ours now."""
    here = Enrollment.objects.filter(pk=row.enrollment_id, next_step=row.step, state=Enrollment.State.ACTIVE)
    return bool(here.filter(due_at__isnull=False, paused_at=None).update(due_at=None))


def _refuse(made: Sequence[OutboundMessage], rulings: Sequence[Ruling], at: datetime) -> int:
    by_ref = {ruling.ask.ref: ruling for ruling in rulings if ruling.outcome == Outcome.REFUSE}
    refused = [row for row in made if row.ref in by_ref]
    for row in refused:
        settling.refuse(row, by_ref[row.ref].decisive, at)
    return len(refused)


def _texts(due: Sequence[Enrollment]) -> list[TemplateVersion]:
    """What the next message of each is written from."""
    rows = Step.objects.filter(version__in={row.version_id for row in due}).select_related("template_version")
    texts = {(row.version_id, row.position): row.template_version for row in rows}
    return [texts[(row.version_id, row.next_step)] for row in due]
