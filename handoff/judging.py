"""Writes down what was judged and what was heard, once each; who may, and what is too little (spec words, L2, L14).

A signal from a free-mail or role address is kept and marked: it makes nobody an MQL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compliance import addresses, audit
from compliance.addresses import AddressError
from compliance.principals import Principal, System, actor
from compliance.refusals import Refusal, Refused
from handoff import criteria
from handoff.models import Finding, Intent, Lead, Signal, Stage
from sequences.imports.judging import Judge, Verdict
from sequences.models import Account, Contact

JUDGE = "handoff.add_finding"
HEAR = "handoff.add_signal"
_DISCOUNTED: Mapping[str, str] = {Verdict.FREE_MAIL: "free_mail", Verdict.ROLE_ADDRESS: "role_address"}
_ICP_TIERS = ("1", "2", "3")
_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class Judgement:
    """What was found about one criterion: whether it is there, by which evidence, and for how long at the longest."""

    criterion: str
    holds: bool
    evidence: str
    value: str = ""
    check_name: str = ""
    reference: str = ""
    valid_until: date | None = None


@dataclass(frozen=True)
class Heard:
    """One thing that a contact did: `reference` tells it from every other one of the same source."""

    kind: str
    happened_at: datetime
    source: str
    reference: str
    note: str = ""
    intent: Intent | None = None


def judge(contact: Contact, said: Judgement, *, by: Principal, at: datetime) -> Finding:
    """Store a finding about a contact, or about their company where the criterion is the company's. Raises Refused."""
    if refusals := against_judging(contact, said, by):
        raise Refused(refusals)
    criterion = criteria.criterion(said.criterion)
    latest = (at + timedelta(days=criterion.valid_days)).date()
    whose: dict[str, Any] = {"contact": contact} if criterion.of_contact else {"account": contact.account}
    with transaction.atomic():
        row = Finding.objects.create(
            **whose,
            criterion=said.criterion,
            holds=said.holds,
            value=said.value[:200],
            evidence=said.evidence[:500],
            check_name=said.check_name[:80],
            reference=said.reference[:120],
            by=actor(by),
            at=at,
            valid_until=min(said.valid_until or latest, latest),
        )
        told: dict[str, Any] = {"criterion": row.criterion, "holds": row.holds, "until": row.valid_until.isoformat()}
        audit.record("handoff.finding.judged", audit.reference(row), by=by, at=at, **told)
        _look_again(contact.account if not criterion.of_contact else None, contact)
    return row


def against_judging(contact: Contact, said: Judgement, by: Principal) -> list[Refusal]:
    """Everything that stands against storing a finding."""
    found = _not_permitted(by, JUDGE)
    known = (*criteria.GATES, *criteria.INDICATORS, criteria.ICP)
    if said.criterion not in known:
        text: Any = _("“%(key)s” is no criterion; there are %(known)s.") % {
            "key": said.criterion[:20],
            "known": ", ".join(known),
        }
        return [*found, Refusal("unknown_criterion", text, "criterion")]
    if not said.evidence.strip():
        found.append(Refusal("no_evidence", _("Say where it was found: an address, a document, a call."), "evidence"))
    if said.criterion == criteria.ICP and said.holds and said.value not in _ICP_TIERS:
        found.append(Refusal("unknown_tier", _("The tier is 1, 2 or 3."), "value"))
    if not criteria.criterion(said.criterion).of_contact and contact.account_id is None:
        found.append(Refusal("no_company", _("This is judged of the company, and they have none."), "account"))
    return found


def hear(contact: Contact, said: Heard, *, by: Principal, at: datetime) -> Signal | None:
    """Store a signal, unless it was stored before; None then. Raises Refused."""
    if refusals := against_hearing(said, by, at):
        raise Refused(refusals)
    intent = said.intent or criteria.signal_kinds()[said.kind].intent
    with transaction.atomic():
        row, made = Signal.objects.get_or_create(
            source=said.source[:80],
            reference=said.reference[:200],
            defaults={
                "contact": contact,
                "kind": said.kind,
                "intent": intent,
                # A clock that is a little ahead must not put it where a guard that looks now does not see it.
                "happened_at": min(said.happened_at, at),
                "note": said.note[:500],
                "discounted": discount(contact),
                "recorded_by": actor(by),
                "recorded_at": at,
            },
        )
        if not made:
            return None
        told = {"kind": row.kind, "intent": str(intent), "code": row.discounted}
        audit.record("handoff.signal.heard", audit.reference(row), by=by, at=at, **told)
        _look_again(None, contact)
    return row


def against_hearing(said: Heard, by: Principal, at: datetime) -> list[Refusal]:
    """Everything that stands against storing a signal."""
    found = _not_permitted(by, HEAR)
    if said.kind not in criteria.SIGNALS:
        known = ", ".join(criteria.SIGNALS)
        text: Any = _("“%(key)s” is no signal; there are %(known)s.") % {"key": said.kind[:20], "known": known}
        found.append(Refusal("unknown_signal", text, "kind"))
    if not said.source.strip() or not said.reference.strip():
        text = _("Say where it was seen and by what it is told from others, so that it counts once.")
        found.append(Refusal("no_reference", text, "reference"))
    if said.happened_at > at + _AHEAD:
        found.append(Refusal("in_the_future", _("It has not happened yet."), "happened_at"))
    return found


def discount(contact: Contact) -> str:
    """Why signals of this contact make nobody an MQL; empty when they do."""
    try:
        address = addresses.parse(contact.address)
    except AddressError:
        return "no_address"
    return _DISCOUNTED.get(_judge().kind_of(address), "")


@cache
def _judge() -> Judge:
    return Judge()


def _look_again(account: Account | None, contact: Contact) -> None:
    """Whatever this may change is judged anew by the next round; one that is at it now is waited for."""
    rows = Lead.objects.filter(contact__account=account) if account else Lead.objects.filter(contact=contact)
    told = rows.filter(stage__in=(Stage.PROSPECT, Stage.ARCHIVED)).order_by("pk").select_for_update(no_key=True)
    Lead.objects.filter(pk__in=[lead.pk for lead in told]).update(judged_at=None)


def _not_permitted(by: Principal, permission: str) -> list[Refusal]:
    if isinstance(by, System) or (by.is_active and by.has_perm(permission)):
        return []
    return [Refusal("not_permitted", _("Your roles do not include this."))]
