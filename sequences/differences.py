"""Decides what has changed since it was last approved: word by word in a text, step by step in a sequence."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from sequences.models import SequenceVersion, Step, TemplateVersion

_WORD = re.compile(r"\s+|[^\s]+")
_PARTS = (("subject", _("Subject")), ("preview", _("Preview text")), ("body", _("Text")), ("language", _("Language")))


@dataclass(frozen=True)
class Piece:
    """Some words that stayed (`same`), came (`new`) or went (`gone`)."""

    kind: str
    text: str


@dataclass(frozen=True)
class Changed:
    """One part of a text that is not what it was."""

    part: Any
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class TextDifference:
    """What a text says otherwise than `before`; without one it is the first of its kind."""

    version: TemplateVersion
    before: TemplateVersion | None
    parts: Sequence[Changed]


@dataclass(frozen=True)
class StepDifference:
    """One step beside the one of the last approved version: its text, its wait, or that it is new or gone."""

    position: int
    wait: tuple[str, str] | None
    text: TextDifference | None
    gone: str = ""


def of_text(version: TemplateVersion, before: TemplateVersion | None = None) -> TextDifference:
    """What a text says otherwise than the last version of it that was approved."""
    before = before or _last_approved(version)
    if before is None or before.pk == version.pk:
        return TextDifference(version, before, [])
    pairs = ((label, getattr(before, name), getattr(version, name)) for name, label in _PARTS)
    return TextDifference(version, before, [Changed(label, words(was, now)) for label, was, now in pairs if was != now])


def of_sequence(version: SequenceVersion) -> list[StepDifference]:
    """Every step of a sequence beside the last version of it that was approved."""
    earlier = version.sequence.versions.filter(state=SequenceVersion.State.APPROVED, number__lt=version.number)
    last = earlier.order_by("-number").first()
    was, now = _steps(last) if last else {}, _steps(version)
    used = {step.template_version.template_id: step.template_version for step in was.values()}
    found = [_of_step(step, was.get(position), used, known=bool(last)) for position, step in now.items()]
    gone = [StepDifference(position, None, None, str(step)) for position, step in was.items() if position not in now]
    return found + gone


def words(before: str, after: str) -> list[Piece]:
    """The words of both, in reading order."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    found = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece("same", "".join(old[i:j])))
            continue
        found += [Piece("gone", "".join(old[i:j]))] * (j > i) + [Piece("new", "".join(new[k:m]))] * (m > k)
    return found


def _of_step(step: Step, was: Step | None, used: dict[int, TemplateVersion], *, known: bool) -> StepDifference:
    waits = (_wait(was), _wait(step)) if was else ("", _wait(step))
    text = of_text(step.template_version, used.get(step.template_version.template_id))
    return StepDifference(step.position, waits if known and waits[0] != waits[1] else None, text)


def _wait(step: Step) -> str:
    return f"{step.wait_days} {step.get_wait_kind_display()}"


def _steps(version: SequenceVersion) -> dict[int, Step]:
    rows = version.steps.select_related("template_version__template").order_by("position")
    return {step.position: step for step in rows}


def _last_approved(version: TemplateVersion) -> TemplateVersion | None:
    rows = TemplateVersion.objects.filter(template=version.template_id, number__lt=version.number)
    return rows.filter(state=TemplateVersion.State.LOADED).order_by("-number").first()
