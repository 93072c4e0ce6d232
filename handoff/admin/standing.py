"""Decides what a page tells of a lead: where it stands, what it lacks for the next step, what was judged and heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.timezone import is_naive, localtime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance.refusals import Refusal
from compliance.transitions import arrows
from handoff import criteria, gates, ladder, reasons
from handoff.criteria import Criterion
from handoff.gates import Facts, Heard
from handoff.models import OPEN, Finding, Intent, Lead, Signal, Stage, StageMove
from handoff.roles import LABELS, ROLES

NEXT: Mapping[str, str] = {
    Stage.PROSPECT: "qualify",
    Stage.MQL: "confirm",
    Stage.SAL: "confirm",
    Stage.SQL: "book",
    Stage.BRIEFING_READY: "qualify_assessment",
    Stage.ASSESSMENT_QUALIFIED: "propose",
    Stage.ASSESSMENT_PROPOSED: "win",
    Stage.LOST: "reopen",
    Stage.DISQUALIFIED: "reopen",
    Stage.ARCHIVED: "revive",
}
"""The arrow that leads on from each stage; nothing leads on from WON."""
TONES: Mapping[str, str] = {
    Stage.PROSPECT: "plain",
    Stage.LOST: "bad",
    Stage.DISQUALIFIED: "bad",
    Stage.ARCHIVED: "plain",
    Stage.WON: "good",
}
INTENT_TONES: Mapping[str, str] = {Intent.HIGH: "good", Intent.MEDIUM: "info", Intent.LOW: "plain"}
_SIGNALS_SHOWN = 30
_MOVES_SHOWN = 50


@dataclass(frozen=True)
class NextStep:
    """The next arrow: everything it lacks, what will be asked for, which roles take it."""

    label: Any
    lacks: Sequence[Refusal]
    asks: Sequence[Any]
    roles: Sequence[str]


@dataclass(frozen=True)
class Row:
    """One criterion with its latest finding; `answer` is yes, no, unknown or lapsed, in words, `tone` its colour."""

    criterion: Criterion
    answer: Any
    tone: str
    finding: Finding | None = None
    by: str = ""


@dataclass(frozen=True)
class Group:
    """Criteria that belong together, and how many of them are there."""

    name: Any
    says: Any
    rows: Sequence[Row]


@dataclass(frozen=True)
class SignalRow:
    """One signal, what it is called, and whether it counts now; `because` says why not."""

    row: Signal
    name: str
    tone: str
    counts: bool
    because: Any = ""
    by: str = ""


@dataclass(frozen=True)
class Move:
    """One arrow that was taken: by whom, after how long, on which findings and signals."""

    row: StageMove
    label: Any
    by: str
    lasted: str
    reason: str
    findings: Sequence[Finding]
    signals: Sequence[Signal]
    details: Sequence[tuple[str, str]]


def tone(stage: str) -> str:
    """The colour of a stage."""
    return TONES.get(stage, "info")


def is_stale(lead: Lead, facts: Facts, at: datetime) -> bool:
    """Whether somebody beyond prospect, and still open, has said nothing for too long (spec L2)."""
    return lead.stage in OPEN and lead.stage != Stage.PROSPECT and gates.is_stale(facts, at)


def next_step(lead: Lead, at: datetime) -> NextStep | None:
    """What stands between a lead and its next stage; None where the ladder ends. Raises NoPlaybook."""
    name = NEXT.get(lead.stage)
    if name is None:
        return None
    arrow = arrows(Lead)[name]
    return NextStep(
        label=arrow.label,
        lacks=ladder.missing(lead, name, at=at),
        asks=list(ladder.NEEDS.get(name, {}).values()),
        roles=[str(LABELS[role]) for role, may in ROLES.items() if arrow.permission in may],
    )


def groups(facts: Facts, at: datetime) -> list[Group]:
    """Gates, indicators and the tier of the company, each with what was found last."""
    found = Finding.objects.in_bulk([judged.key for judged in facts.findings.values()])
    by_criterion = {row.criterion: row for row in found.values()}
    names = words.name_actors({row.by for row in found.values()})

    def rows(asked: Sequence[Criterion]) -> list[Row]:
        return [_row(one, by_criterion.get(one.key), names, at) for one in asked]

    limits = facts.limits
    needed = _("%(count)d of them make an SQL.") % {"count": limits.indicators}
    return [
        Group(_("Gates"), _("All of them make an MQL, with a signal."), rows(facts.gates)),
        Group(_("Indicators"), needed, rows(facts.indicators)),
        Group(_("Fit"), _("The tier of the company; with the intent it makes the tier of the lead."), rows([_icp()])),
    ]


def signals(facts: Facts, at: datetime) -> list[SignalRow]:
    """What they did, the latest first, and why some of it does not count."""
    heard = facts.signals[:_SIGNALS_SHOWN]
    rows = Signal.objects.in_bulk([one.key for one in heard])
    names = words.name_actors({row.recorded_by for row in rows.values()})
    kinds = criteria.signal_kinds()
    counting = {one.key for one in facts.counting(at)}
    return [
        SignalRow(
            row=rows[one.key],
            name=kinds[one.kind].name if one.kind in kinds else "",
            tone=INTENT_TONES.get(one.intent, "plain"),
            counts=one.key in counting,
            because=_why_not(one, facts, at),
            by=names[rows[one.key].recorded_by],
        )
        for one in heard
    ]


def moves(lead: Lead) -> list[Move]:
    """Every arrow taken, the latest first, with what stood at that moment."""
    rows = list(StageMove.objects.filter(lead=lead).order_by("-at", "-pk")[:_MOVES_SHOWN])
    names = words.name_actors({row.by for row in rows})
    findings = Finding.objects.in_bulk(_keys(rows, "findings"))
    heard = Signal.objects.in_bulk(_keys(rows, "signals"))
    return [_move(row, names, findings, heard) for row in rows]


def move(row: StageMove) -> Move:
    """One of them."""
    names = words.name_actors({row.by})
    findings = Finding.objects.in_bulk(_keys([row], "findings"))
    return _move(row, names, findings, Signal.objects.in_bulk(_keys([row], "signals")))


def lasted(seconds: int, until: datetime) -> str:
    """A time as people say it: “3 days, 4 hours”."""
    return timesince(until - timedelta(seconds=seconds), until)


def _icp() -> Criterion:
    return Criterion(criteria.ICP, _now("tier of the company"), says=_now("1 fits best, 3 least."))


def _row(asked: Criterion, found: Finding | None, names: Mapping[str, str], at: datetime) -> Row:
    if found is None:
        return Row(asked, _("unknown"), "plain")
    by = names[found.by]
    if found.valid_until < at.date():
        return Row(asked, _("lapsed"), "wait", found, by)
    return Row(asked, _("yes") if found.holds else _("no"), "good" if found.holds else "bad", found, by)


def _why_not(one: Heard, facts: Facts, at: datetime) -> Any:
    if one.discounted:
        return words.say(one.discounted)
    if one.happened_at > at:
        return _("It lies ahead")
    if one.happened_at < at - timedelta(days=facts.limits.signal_days):
        return _("Older than %(days)d days") % {"days": facts.limits.signal_days}
    return ""


def _move(
    row: StageMove, names: Mapping[str, str], findings: Mapping[int, Finding], heard: Mapping[int, Signal]
) -> Move:
    declared = arrows(Lead)
    said = {name: label for asked in ladder.NEEDS.values() for name, label in asked.items()}
    return Move(
        row=row,
        label=declared[row.arrow].label if row.arrow in declared else row.arrow,
        by=names[row.by],
        lasted=lasted(row.seconds, row.at),
        reason=reasons.say(row.reason) if row.reason else "",
        findings=[findings[key] for key in _listed(row, "findings") if key in findings],
        signals=[heard[key] for key in _listed(row, "signals") if key in heard],
        details=[(str(said.get(key, key.replace("_", " "))), _plain(value)) for key, value in row.details().items()],
    )


def _plain(value: Any) -> str:
    """What was said, with moments and days as people write them."""
    text = str(value)
    try:
        moment, day = parse_datetime(text), parse_date(text)
    except ValueError:
        return text
    if moment and not is_naive(moment):
        return date_format(localtime(moment), "DATETIME_FORMAT")
    return date_format(day, "DATE_FORMAT") if day else text


def _keys(rows: Sequence[StageMove], of: str) -> set[int]:
    return {key for row in rows for key in _listed(row, of)}


def _listed(row: StageMove, of: str) -> list[int]:
    found = row.grounds.get(of, [])
    return [key for key in found if isinstance(key, int)] if isinstance(found, list) else []
