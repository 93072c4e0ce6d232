"""The arrows of the ladder as verbs: each checks everything that is missing, moves the lead and writes down on what
grounds (spec L1 to L7; SOP 3, 4). No stage changes anywhere else.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compliance import playbook
from compliance.principals import SYSTEM, Principal, System, actor
from compliance.refusals import Refusal, Refused
from compliance.transitions import move
from handoff import eligibility, gates, grounds, reasons, todo
from handoff.gates import Facts
from handoff.models import Briefing, Finding, Handoff, Lead, Signal, Stage, StageMove
from sequences.approval import only

Lacks = Callable[[Lead, Facts, datetime], list[Refusal]]
Whose = Callable[[Lead, Principal], list[Refusal]]
_BY_THE_CRO = "handoff.recycle_lead"
_LONGEST = 500


@dataclass(frozen=True)
class Said:
    """What was said when an arrow was taken: a reason of its closed list, notes, and what the act asked for besides."""

    reason: str = ""
    notes: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


NOTHING_SAID = Said()


def missing(lead: Lead, arrow: str, *, at: datetime) -> list[Refusal]:
    """Every criterion that an arrow lacks, whoever takes it. Raises NoPlaybook."""
    return _lacking(lead, arrow, grounds.of(lead), at) if arrow in _LACKS else []


def also_needed(arrow: str, stage: str) -> str:
    """The permission that an arrow needs from this stage besides its own; empty when it needs none."""
    return _BY_THE_CRO if _WHOSE.get(arrow) is _against_sending_back and stage != Stage.SAL else ""


def not_theirs(lead: Lead, arrow: str, by: Principal) -> list[Refusal]:
    """Why this person does not take an arrow that others with their roles might."""
    return _WHOSE[arrow](lead, by) if arrow in _WHOSE else []


def take(
    lead: Lead,
    arrow: str,
    *,
    by: Principal,
    at: datetime,
    said: Said = NOTHING_SAID,
    set: Mapping[str, Any] | None = None,  # noqa: A002
) -> Lead:
    """Take one arrow and record it; returns the lead as it is afterwards.

    Raises Refused with everything that is missing, or when somebody else was faster, and NotPermitted.
    """
    facts = grounds.of(lead)
    against = [*not_theirs(lead, arrow, by), *_lacking(lead, arrow, facts, at), *_against_saying(arrow, said)]
    if against:
        raise Refused(against)
    columns = {**_columns(lead, arrow, by, at), "reason": said.reason, **(set or {})}
    evidence = _evidence(facts, at)
    with transaction.atomic():
        moved = only(
            move(
                lead,
                arrow,
                by=by,
                at=at,
                reason=said.notes,
                set=columns,
                where={"stage": lead.stage, "stage_since": lead.stage_since},
                data={"code": said.reason, **evidence},
            )
        )
        _write(moved, lead, arrow, by, at, said, evidence)
        _settle(moved, at)
    return moved


def _columns(lead: Lead, arrow: str, by: Principal, at: datetime) -> dict[str, Any]:
    """What changes with every arrow; whoever confirms an SQL that is nobody's owns it (spec H4)."""
    columns: dict[str, Any] = {"stage_since": at, "return_on": None, "judged_at": None}
    return {**columns, "owner": by} if arrow == "confirm" and lead.owner_id is None else columns


def _write(
    moved: Lead, was: Lead, arrow: str, by: Principal, at: datetime, said: Said, evidence: Mapping[str, Any]
) -> None:
    StageMove.objects.create(
        lead=moved,
        token=moved.move_token,
        arrow=arrow,
        was=was.stage,
        became=moved.stage,
        at=at,
        by=actor(by),
        playbook=playbook.active().number,
        reason=said.reason,
        notes=said.notes[:_LONGEST],
        grounds={**{key: str(value)[:_LONGEST] for key, value in said.more.items()}, **evidence},
        seconds=max(0, int((at - was.stage_since).total_seconds())),
    )


def _settle(moved: Lead, at: datetime) -> None:
    """What was open for the stage before is closed; what the new stage asks of somebody is asked."""
    todo.settle(moved, at=at)
    eligibility.leave_unfit(moved, at=at)
    if moved.stage not in (Stage.MQL, Stage.SAL):
        offered = Handoff.objects.filter(lead=moved, state=Handoff.State.OPEN)
        move(list(offered), "withdraw", by=SYSTEM, at=at, set={"closed_at": at})
    if moved.stage != Stage.BRIEFING_READY:
        booked = Briefing.objects.filter(lead=moved, state=Briefing.State.BOOKED)
        move(list(booked), "cancel", by=SYSTEM, at=at, set={"closed_at": at})
    if moved.stage == Stage.MQL and moved.return_on is None:
        todo.decide_sql(moved, cause=moved.move_token, at=at)


def _evidence(facts: Facts, at: datetime) -> dict[str, Any]:
    """The findings and signals that stand at this moment, by their keys."""
    judged = facts.valid([*facts.gates, *facts.indicators], at)
    return {
        "findings": sorted(finding.key for finding in judged),
        "signals": sorted(signal.key for signal in facts.counting(at)),
    }


def _lacking(lead: Lead, arrow: str, facts: Facts, at: datetime) -> list[Refusal]:
    return _LACKS[arrow](lead, facts, at) if arrow in _LACKS else []


# --- guards: what is missing for each arrow -----------------------------------------------------------------------


def _against_mql(lead: Lead, facts: Facts, at: datetime) -> list[Refusal]:
    return gates.missing_for_mql(facts, at)


def _against_sql(lead: Lead, facts: Facts, at: datetime) -> list[Refusal]:
    return gates.missing_for_sql(facts, at)


def _against_accepting(lead: Lead, by: Principal) -> list[Refusal]:
    if isinstance(by, System):
        return [Refusal("nobody_accepts", _("Only a person accepts a lead."))]
    offered = Handoff.objects.filter(lead=lead, state=Handoff.State.OPEN).select_related("to").first()
    if offered is None:
        return [Refusal("not_offered", _("It is not offered to anybody at the moment."))]
    if offered.to_id != by.pk:
        who = offered.to.get_full_name() or offered.to.get_username()
        return [Refusal("offered_to_another", _("It is offered to %(who)s.") % {"who": who})]
    return []


def _against_assessment(lead: Lead, facts: Facts, at: datetime) -> list[Refusal]:
    if Briefing.objects.filter(lead=lead, state=Briefing.State.HELD).exists():
        return []
    return [Refusal("briefing_not_held", _("No briefing with them was held; say so on its page first."))]


def _against_sending_back(lead: Lead, by: Principal) -> list[Refusal]:
    """A rep sends back what they have just accepted; from further up only the CRO does."""
    if isinstance(by, System) or by.has_perm(_BY_THE_CRO):
        return []
    if also_needed("reject", lead.stage):
        return [Refusal("only_the_cro", _("From this stage only the CRO sends a lead back."))]
    if lead.owner_id != by.pk:
        return [Refusal("not_yours", _("It belongs to somebody else."))]
    return []


def _against_reviving(lead: Lead, facts: Facts, at: datetime) -> list[Refusal]:
    if any(signal.happened_at > lead.stage_since for signal in facts.counting(at)):
        return []
    return [Refusal("no_new_signal", _("They have given no signal of their own since it was archived."))]


def _against_reopening(lead: Lead, facts: Facts, at: datetime) -> list[Refusal]:
    if _has_news(lead):
        return gates.missing_for_mql(facts, at)
    return [_NO_EVIDENCE, *gates.missing_for_mql(facts, at)]


def _against_reopening_as_prospect(lead: Lead, facts: Facts, at: datetime) -> list[Refusal]:
    found = [] if _has_news(lead) else [_NO_EVIDENCE]
    if not gates.missing_for_mql(facts, at):
        found.append(Refusal("is_an_mql", _("Nothing is missing: it comes back as an MQL.")))
    return found


_NO_EVIDENCE = Refusal("no_new_evidence", _("Nothing new was judged or heard since it was closed."))


def _has_news(lead: Lead) -> bool:
    of_company = {"account": lead.contact.account} if lead.contact.account_id else {"contact": lead.contact}
    return any(
        rows.exists()
        for rows in (
            Finding.objects.filter(contact=lead.contact, at__gt=lead.stage_since),
            Finding.objects.filter(**of_company, at__gt=lead.stage_since),
            Signal.objects.filter(contact=lead.contact, recorded_at__gt=lead.stage_since),
        )
    )


_LACKS: Mapping[str, Lacks] = {
    "qualify": _against_mql,
    "confirm": _against_sql,
    "qualify_assessment": _against_assessment,
    "revive": _against_reviving,
    "reopen": _against_reopening,
    "reopen_as_prospect": _against_reopening_as_prospect,
}
_WHOSE: Mapping[str, Whose] = {
    "accept": _against_accepting,
    "reject": _against_sending_back,
    "recycle": _against_sending_back,
}
_REASONS: Mapping[str, str] = {
    "reject": "rejected",
    "recycle": "recycled",
    "disqualify": "disqualified",
    "lose": "lost",
    "archive": "archived",
}


NEEDS: Mapping[str, Mapping[str, Any]] = {
    "book": {"starts_at": _("when the briefing is")},
    "qualify_assessment": {
        "need": _("what they need"),
        "money": _("where the money comes from"),
        "decision_maker": _("who decides"),
    },
    "propose": {"proposed_on": _("the day of the proposal")},
    "win": {"signed_on": _("the day of the signature")},
}
"""What has to be said for an arrow besides its reason."""


def _against_saying(arrow: str, said: Said) -> list[Refusal]:
    found = [
        Refusal("said_nothing", _("Please fill this in."), str(label))
        for name, label in NEEDS.get(arrow, {}).items()
        if not str(said.more.get(name) or "").strip()
    ]
    return [*found, *_against_reason(arrow, said)]


def _against_reason(arrow: str, said: Said) -> list[Refusal]:
    known: Collection[str] = dict(reasons.choices(_REASONS[arrow])) if arrow in _REASONS else ()
    if arrow not in _REASONS or said.reason in known:
        return []
    text = _("Choose one of: %(known)s.") % {"known": ", ".join(known)}
    return [Refusal("unknown_reason" if said.reason else "reason_missing", text, str(_("reason")))]


def returns_on(reason: str, named: date | None, at: datetime) -> date:
    """The day on which a recycled lead comes back: the one they named, else the playbook's for this reason."""
    return named or (at + reasons.returns_after(reason)).date()
