"""Decides when so many messages are in doubt that a person has to look (LAW PIP-08).

Nothing is stopped: a doubt is never sent again by itself, and the next message may fare better.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _now

from compliance import audit, incidents
from compliance.models import Incident
from compliance.principals import SYSTEM
from sequences.models import Mailbox, OutboundMessage

_log = logging.getLogger(__name__)
_MOST = 5
_SHARE, _DAY = 0.001, timedelta(hours=24)
# One in a thousand is the limit itself: below that a single lost connection would be too many.
_FEWEST_OF_DAY = 1000
_NAMED = 100
_CAUSE = "in_doubt:"
State = OutboundMessage.State


def too_many(standing: int, of_day: int, mail_of_day: int) -> bool:
    """Whether somebody has to look: more than five in doubt, or more than 0.1 % of a day's mail from 1,000 on."""
    return standing > _MOST or (mail_of_day >= _FEWEST_OF_DAY and of_day > _SHARE * mail_of_day)


def doubt_round(at: datetime) -> dict[str, int]:
    """Open one incident that names what is in doubt; how many were opened.

    While it is open there is no other; once closed, only what came into doubt since counts.
    """
    earlier = Incident.objects.filter(cause_key__startswith=_CAUSE)
    if earlier.exclude(state=Incident.State.CLOSED).exists():
        return {"incidents": 0}
    last = earlier.order_by("-pk").first()
    rows = _standing(since=last.facts["last_try"] if last else 0)
    of_day = rows.filter(settled_at__gt=at - _DAY).count()
    mail = of_day + _answered(at) if of_day else 0
    if not too_many(rows.count(), of_day, mail):
        return {"incidents": 0}
    return {"incidents": int(_opened(rows, mail, at).opened_at == at)}


def _standing(*, since: int) -> QuerySet[OutboundMessage]:
    """What nobody has decided and three days have not closed, by the number of its latest try."""
    rows = OutboundMessage.objects.filter(state=State.IN_DOUBT).exclude(reason="assumed_sent")
    return rows.annotate(last_try=Max("attempts")).filter(last_try__gt=since).order_by("last_try")


def _answered(at: datetime) -> int:
    """How many messages of the last day a server took or refused for good."""
    # By mailbox, whose index answers.
    mailboxes = list(Mailbox.objects.values_list("pk", flat=True))
    rows = OutboundMessage.objects.filter(mailbox__in=mailboxes, settled_at__gt=at - _DAY)
    return rows.filter(state__in=[State.ACCEPTED, State.REJECTED]).count()


def _opened(rows: QuerySet[OutboundMessage], mail: int, at: datetime) -> Incident:
    found = list(rows.only("pk"))
    _log.error("%d messages are in doubt", len(found))
    latest: int = found[-1].last_try  # type: ignore[attr-defined]
    return incidents.open_once(
        f"{_CAUSE}{latest}",
        Incident.Kind.IN_DOUBT,
        Incident.Severity.SEV3,
        _now("%(count)d messages are in doubt") % {"count": len(found)},
        {
            "subjects": [audit.reference(row) for row in found[:_NAMED]],
            "in_doubt": len(found),
            "mail_of_day": mail,
            "last_try": latest,
        },
        by=SYSTEM,
        at=at,
    )
