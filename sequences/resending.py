"""A person has a message in doubt sent again, knowing that its first copy may have arrived (LAW PIP-08, G2).

It is the same message, step and Message-ID under the number of a new try, and goes through the whole door once more.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compliance import replay
from compliance.acts import Consent
from compliance.models import Decision
from compliance.principals import Principal, Staff
from compliance.refusals import Refusal, Refused, unless_said
from compliance.transitions import move
from sequences import enrollment, evidence, policy
from sequences.approval import only
from sequences.models import OutboundMessage, Resend
from sequences.timetable import expires_at

CODE = "sent_again"


def resend(row: OutboundMessage, *, by: Staff, at: datetime, consent: Consent) -> OutboundMessage:
    """Plan a message in doubt, or assumed to be sent, for another try. Raises NotPermitted and Refused.

    Its passage stands at this step again. Its tries begin anew; a second word on the same doubt is refused.
    """
    if refusals := [*against_resending(row, by), *unless_said(consent.comment)]:
        raise Refused(refusals)
    columns = {
        "reason": CODE,
        "settled_at": None,
        "not_before": at,
        "expires_at": expires_at(at, days=policy.life_of_step()),
        "first_attempt_at": None,
        "lease_token": "",
        "lease_until": None,
    }
    told = {"attempt": row.attempts_made, "digest": row.content_digest}
    with transaction.atomic():
        # Of the doubt that was looked at: a later one is another question.
        seen = {"attempts_made": row.attempts_made}
        moved = only(move(row, "resend", by=by, at=at, reason=consent.comment, set=columns, where=seen, data=told))
        enrollment.return_to(moved.enrollment, moved.step, at=at)
        why = consent.comment.strip()[:500]
        Resend.objects.create(message=moved, attempt=moved.attempts_made, at=at, decided_by_id=by.pk, reason=why)
    return moved


def against_resending(row: OutboundMessage, by: Principal) -> list[Refusal]:
    """Every reason but the door's own why it is not sent again."""
    found = []
    if evidence.came_back([row]):
        found.append(Refusal("evidence", _("Something came back of it, so the server had taken it.")))
    if Decision.objects.filter(ref=row.ref, code=replay.CODE).exists():
        lost = _("It passed the door before the database was restored; what only a journal knows is not sent again.")
        found.append(Refusal("maybe_sent_before", lost))
    return [*found, *enrollment.against_returning(row.enrollment, row.step)]
