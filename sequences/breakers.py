"""Decides when bounces and complaints stop a list, a mailbox or a sending domain (LAW BNC-09, ARF-05).

The door counts before each message, so that nothing passes once a limit is reached; the trip then places the halt.
What happened before two people started something again is not held against it a second time.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Max
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance import incidents
from compliance.models import Halt, Incident, SendingDomain
from compliance.principals import SYSTEM
from sequences import dead_results
from sequences.dispositions import HARD_REASONS
from sequences.models import Mailbox, MessageEvent, OutboundMessage

BOUNCES, COMPLAINTS = "bounces", "complaints"
_DOMAIN = "sending-domain:"
RESULTS = (OutboundMessage.State.ACCEPTED, OutboundMessage.State.REJECTED)
_DEAD_OF_LIST = 5
_FEWEST_OF_MAILBOX, _DEAD_PER_MAILBOX = 50, 0.02
_FEW_COMPLAINTS, _WEEK = 2, timedelta(days=7)
_WARN_AT, _STOP_AT, _DAY = 0.001, 0.003, timedelta(hours=24)
# A round looks at what had news since then; the door does not wait for it.
_NEWS = timedelta(hours=1)


@dataclass(frozen=True)
class Trip:
    """A limit that was reached: where, by what, and the counts that say so. A warning stops nothing."""

    scope: str
    code: str
    bad: int
    of: int
    since: datetime | None = None
    warning: bool = False


class _Complaint(NamedTuple):
    """One complaint about one message."""

    message: int
    at: datetime
    scopes: frozenset[str]


def dead_list(bad: int, of: int) -> bool:
    """Whether a list stops: so many dead addresses among its first results (LAW BNC-09)."""
    return bad >= _DEAD_OF_LIST


def dead_mailbox(bad: int, of: int) -> bool:
    """Whether a mailbox stops: so many dead addresses among its last results (LAW BNC-09)."""
    return of >= _FEWEST_OF_MAILBOX and bad > _DEAD_PER_MAILBOX * of


_STOPS: Mapping[str, Callable[[int, int], bool]] = {"list": dead_list, "mailbox": dead_mailbox}


def judge_domain(complaints: int, accepted: int) -> str:
    """`stop`, `warn` or nothing, for one day of a sending domain; one complaint alone is no rate (LAW ARF-05)."""
    if complaints < _FEW_COMPLAINTS:
        return ""
    if complaints >= _STOP_AT * accepted:
        return "stop"
    return "warn" if complaints >= _WARN_AT * accepted else ""


def tripped(scopes: Collection[str], at: datetime) -> list[Trip]:
    """The limits that these scopes (lists, mailboxes, sending domains) have reached, warnings included."""
    started, complaints = _started(scopes), _complaints(at)
    found: list[Trip | None] = [*_bounced(scopes, started)]
    for scope in sorted(scopes):
        kind, _colon, key = scope.partition(":")
        since = started.get((scope, COMPLAINTS))
        theirs = _since(complaints, scope, since)
        if kind == "sending-domain":
            found.append(_domain(scope, key, theirs, at, since))
        elif kind in dead_results.COUNTED:
            found.append(_complained(scope, theirs, since))
    return [trip for trip in found if trip]


def trip(scopes: Collection[str], at: datetime) -> list[Incident]:
    """Stop whatever has reached a limit and open its incident, once each; must not hold a card or a budget."""
    return [_opened(one, at) for one in tripped(scopes, at)]


def trip_round(at: datetime) -> dict[str, int]:
    """Look at every list, mailbox and domain that had bad news of late; how many incidents were opened."""
    return {"tripped": sum(row.opened_at == at for row in trip(_with_news(at), at))}


def scopes_of(message: OutboundMessage) -> set[str]:
    """What is held to account for a message: its list, its mailbox, its sending domain."""
    mailbox = message.mailbox
    return _named(message.recipient_list_id, mailbox.pk, mailbox.domain)


def scopes_of_sender(mailbox: Mailbox) -> set[str]:
    """What is held to account for whom a mailbox writes to: itself and its sending domain."""
    return _named(None, mailbox.pk, mailbox.domain)


def signed_too_early(scopes: Collection[str]) -> dict[str, datetime]:
    """{list, mailbox, sending domain: when a breaker last stopped it, or its records last began to fail}: what was
    signed of it before is signed again (LAW BNC-09, APR-05)."""
    halts = Halt.objects.filter(scope__among=scopes, kind=Halt.Kind.BREAKER)
    found = dict(halts.values_list("scope").annotate(last=Max("at")))
    for scope, failed in _failed(scopes).items():
        found[scope] = max(failed, found.get(scope, failed))
    return found


def _failed(scopes: Collection[str]) -> dict[str, datetime]:
    names = {scope.removeprefix(_DOMAIN) for scope in scopes if scope.startswith(_DOMAIN)}
    failed = SendingDomain.objects.filter(domain__in=names, failed_at__isnull=False) if names else []
    return {f"{_DOMAIN}{row.domain}": row.failed_at for row in failed if row.failed_at}


def _bounced(scopes: Collection[str], started: Mapping[tuple[str, str], datetime]) -> Iterator[Trip]:
    together: dict[tuple[str, datetime | None], list[int]] = defaultdict(list)
    for scope in sorted(scopes):
        kind, _colon, key = scope.partition(":")
        if kind in dead_results.COUNTED:
            together[(kind, started.get((scope, BOUNCES)))].append(int(key))
    for (kind, since), keys in together.items():
        for pk, bad, of in dead_results.count(kind, keys, since):
            if _STOPS[kind](bad, of):
                yield Trip(f"{kind}:{pk}", BOUNCES, bad, of, since)


def _complained(scope: str, complaints: Collection[_Complaint], since: datetime | None) -> Trip | None:
    count = len({one.message for one in complaints})
    return Trip(scope, COMPLAINTS, count, count, since) if count >= _FEW_COMPLAINTS else None


def _domain(
    scope: str, domain: str, complaints: Collection[_Complaint], at: datetime, since: datetime | None
) -> Trip | None:
    count = len({one.message for one in complaints if one.at > at - _DAY})
    if count < _FEW_COMPLAINTS:
        return None
    senders = list(Mailbox.objects.filter(address__iendswith=f"@{domain}").values_list("pk", flat=True))
    sent = OutboundMessage.objects.filter(mailbox__in=senders, state__in=RESULTS, settled_at__gt=at - _DAY)
    accepted = sent.filter(state=OutboundMessage.State.ACCEPTED).count()
    said = judge_domain(count, accepted)
    return Trip(scope, COMPLAINTS, count, accepted, since, warning=said == "warn") if said else None


def _since(complaints: Collection[_Complaint], scope: str, since: datetime | None) -> list[_Complaint]:
    return [one for one in complaints if scope in one.scopes and (since is None or one.at > since)]


def _complaints(at: datetime) -> list[_Complaint]:
    """All of the last week: they are few, and a day's rate is among them."""
    rows = MessageEvent.objects.filter(kind=MessageEvent.Kind.COMPLAINT, at__gt=at - _WEEK)
    columns = ("message", "at", "message__recipient_list", "message__mailbox", "message__mailbox__address")
    return [
        _Complaint(message, moment, frozenset(_named(listed, mailbox, address.rpartition("@")[2].lower())))
        for message, moment, listed, mailbox, address in rows.values_list(*columns)
    ]


def _started(scopes: Collection[str]) -> dict[tuple[str, str], datetime]:
    """When two people last started a scope again that a breaker had stopped."""
    lifted = Halt.objects.filter(scope__among=scopes, kind=Halt.Kind.BREAKER, state=Halt.State.LIFTED)
    rows = lifted.values_list("scope", "code").annotate(last=Max("lifted_at"))
    return {(scope, code): last for scope, code, last in rows}


def _with_news(at: datetime) -> set[str]:
    mailboxes = list(Mailbox.objects.values_list("pk", flat=True))
    settled = OutboundMessage.objects.filter(mailbox__in=mailboxes, state__in=RESULTS, settled_at__gt=at - _NEWS)
    dead = set(settled.filter(reason__in=HARD_REASONS).values_list("recipient_list", "mailbox", "mailbox__address"))
    bad = (MessageEvent.Kind.HARD_BOUNCE, MessageEvent.Kind.COMPLAINT)
    told = MessageEvent.objects.filter(kind__in=bad, at__gt=at - _NEWS)
    dead |= set(told.values_list("message__recipient_list", "message__mailbox", "message__mailbox__address"))
    return {name for listed, box, address in dead for name in _named(listed, box, address.rpartition("@")[2].lower())}


def _named(listed: int | None, mailbox: int, domain: str) -> set[str]:
    named = {f"mailbox:{mailbox}", f"sending-domain:{domain}"}
    return named | {f"list:{listed}"} if listed else named


_KINDS = {BOUNCES: Incident.Kind.BOUNCES, COMPLAINTS: Incident.Kind.COMPLAINTS}
_TITLES = {
    BOUNCES: _("%(bad)d of %(of)d addresses do not exist: stopped"),
    COMPLAINTS: _("%(bad)d complaints: stopped"),
}


def _opened(one: Trip, at: datetime) -> Incident:
    counted = {"bad": one.bad, "of": one.of}
    # A warning comes once a day; a stop once for each time it was started.
    when = at.date().isoformat() if one.warning else f"{one.since.isoformat() if one.since else 'first'}"
    title = _now("%(bad)d complaints about %(of)d messages: near the limit") if one.warning else _TITLES[one.code]
    return incidents.open_once(
        f"{'warning' if one.warning else 'breaker'}:{one.scope}:{one.code}:{when}",
        _KINDS[one.code],
        Incident.Severity.SEV3 if one.warning else Incident.Severity.SEV2,
        title % counted,
        {"scope": one.scope, "code": one.code, **counted},
        by=SYSTEM,
        at=at,
        halt_scopes=[] if one.warning else [one.scope],
        halt_kind=Halt.Kind.BREAKER,
        halt_code=one.code,
    )
