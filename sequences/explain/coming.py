"""Decides what comes next of a passage: what the door would say now, and when the message may go at the earliest.

The door is asked again at the moment it names, until it says yes. If it puts off for the same reason at the very
moment it named, time alone does not help: somebody has to end that first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance import clearance
from compliance.asking import Ask
from compliance.clearance import Ruling
from compliance.models import Outcome
from compliance.playbook import NoPlaybook
from sequences import asks, policy
from sequences.explain import said, shape
from sequences.models import Enrollment, OutboundMessage, Step
from sequences.models.templates import template_key
from sequences.timetable import expires_at

State = OutboundMessage.State
_OPEN = (State.PLANNED, State.CLAIMED, State.CLEARED, State.IN_DOUBT)
_LOOKS_AHEAD = 8
# Reasons that are no rule's: the door has been passed, or is not asked.
_BEING_SENT, _IN_DOUBT, _STALE = "being_sent", "in_doubt", "stale"
_WORDS: dict[str, Any] = {
    _BEING_SENT: _("It is being sent at this moment"),
    _STALE: _("Its time runs out before it may go"),
    _IN_DOUBT: _("Nobody knows whether the server took it; it goes on once that is known, or after 72 hours"),
}


@dataclass(frozen=True)
class Open:
    """The step at which a passage stands: its message, if it is planned already, and the question to the door."""

    passage: Enrollment
    message: OutboundMessage | None
    ask: Ask | None

    @property
    def scopes(self) -> Collection[str]:
        """Whatever may hold it by standing still."""
        return self.ask.scopes if self.ask else ()


@dataclass(frozen=True)
class _Foreseen:
    """When it goes, or else what keeps it: for somebody to end, or for good."""

    earliest: datetime | None = None
    waits_for: str = ""
    ends_with: str = ""


def open_step(passages: Sequence[Enrollment]) -> Open | None:
    """Where the person stands now; None when no passage is under way. One person is in one sequence at a time."""
    passage = next((row for row in passages if row.state == Enrollment.State.ACTIVE), None)
    if passage is None:
        return None
    rows = OutboundMessage.objects.filter(enrollment=passage, step=passage.next_step, state__in=_OPEN).defer("content")
    message = rows.select_related("template_version", "mailbox").order_by("-pk").first()
    if message is None:
        return Open(passage, None, _of_step(passage))
    # Read already, with all that the door is told of it.
    message.enrollment = passage
    return Open(passage, message, asks.for_message(message) if message.state == State.PLANNED else None)


def foreseen(step: Open, at: datetime) -> shape.Next:
    """What would happen from `at` on if nothing else changed."""
    row, message = step.passage, step.message
    due = message.not_before if message else row.due_at
    expires = message.expires_at if message else _expiry(due, at)
    verdicts, found = _asked(step, max(due or at, at), expires, at)
    return {
        "passage": row.pk,
        "ref": message.ref if message else asks.ref_of(row),
        "step": row.next_step,
        "state": message.state if message else "due",
        "due": due,
        "earliest": found.earliest,
        "expires": expires,
        "waits_for": found.waits_for,
        "ends_with": found.ends_with,
        "because": _because(found.waits_for or found.ends_with),
        "verdicts": verdicts,
    }


def _of_step(passage: Enrollment) -> Ask | None:
    step = Step.objects.filter(version=passage.version_id, position=passage.next_step)
    template = step.values_list("template_version__template", flat=True).first()
    return asks.for_step(passage, template_key(template)) if template else None


def _expiry(due: datetime | None, at: datetime) -> datetime | None:
    try:
        return expires_at(due or at, days=policy.life_of_step())
    except NoPlaybook:
        return None


def _asked(
    step: Open, begin: datetime, expires: datetime | None, at: datetime
) -> tuple[list[shape.Verdict], _Foreseen]:
    if step.ask is None:
        doubted = step.message is not None and step.message.state == State.IN_DOUBT
        return [], _Foreseen(waits_for=_IN_DOUBT if doubted else _BEING_SENT)
    now = _ruling(step.ask, at)
    first = now if begin == at else _ruling(step.ask, begin)
    return said.ruled(now), _look_ahead(step.ask, first, begin, expires)


def _look_ahead(ask: Ask, ruling: Ruling, moment: datetime, expires: datetime | None) -> _Foreseen:
    code = ""
    for _again in range(_LOOKS_AHEAD):
        if expires and moment >= expires:
            return _Foreseen(ends_with=_STALE)
        decisive = ruling.decisive
        if ruling.permitted:
            return _Foreseen(earliest=moment)
        if ruling.outcome == Outcome.REFUSE:
            return _Foreseen(ends_with=decisive.code)
        if decisive.code == code or decisive.until is None or decisive.until <= moment:
            return _Foreseen(waits_for=decisive.code)
        code, moment = decisive.code, decisive.until
        ruling = _ruling(ask, moment)
    return _Foreseen(waits_for=ruling.code)


def _ruling(ask: Ask, at: datetime) -> Ruling:
    (ruling,) = clearance.preview([ask], at)
    return ruling


def _because(code: str) -> str:
    return str(_WORDS[code]) if code in _WORDS else words.say(code)
