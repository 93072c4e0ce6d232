"""Decides which domains are looked at: those that an active mailbox sends from, to the outside (spec CO7)."""

import logging
from datetime import datetime

from compliance import domains, installation
from compliance.models import DomainVerdict, SendingDomain
from compliance.principals import SYSTEM
from sequences.models import Mailbox, OutboundMessage

_log = logging.getLogger(__name__)
_FOR_THE_DOMAIN = ("domain_fails", "domain_unchecked")


def sent_from() -> set[str]:
    """The domains of active mailboxes whose server is another machine."""
    active = Mailbox.objects.filter(state=Mailbox.State.ACTIVE)
    return {mailbox.domain for mailbox in active if not installation.is_loopback(mailbox.host)}


def check_round(at: datetime) -> dict[str, int]:
    """Look at the one domain that is most due, so that slow nameservers do not hold up the rounds beside it; what
    waited for one that passes now is asked again."""
    names = sent_from()
    domains.expect(names, at)
    row = domains.most_due(names, at)
    counts = _looked(row, at) if row else {}
    if released := _released(at):
        counts["released"] = released
    return counts


def _looked(row: SendingDomain, at: datetime) -> dict[str, int]:
    made = domains.check(row, by=SYSTEM, at=at)
    if made.verdict != DomainVerdict.PASSES:
        _log.error("the sending domain %s: %s", row.domain, " ".join(domains.against(made.findings)))
    return {f"domain_{made.verdict}": 1}


def _released(at: datetime) -> int:
    """Also what a person had looked at is found here: the floor below knows no messages."""
    passing = domains.passing(at)
    senders = [mailbox.pk for mailbox in Mailbox.objects.all() if mailbox.domain in passing]
    held = OutboundMessage.objects.filter(mailbox__in=senders, state=OutboundMessage.State.PLANNED)
    return held.filter(reason__in=_FOR_THE_DOMAIN, not_before__gt=at).update(not_before=at)
