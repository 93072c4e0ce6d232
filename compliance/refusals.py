"""Decides how a refusal is told: a code for machines, a sentence for people, and the place it speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Refusal:
    """One reason why something may not be done now. `text` may be lazy; `where` names the field or row."""

    code: str
    text: Any
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else str(self.text)


def unless_said(comment: str) -> list[Refusal]:
    """What stands against an act that wants a reason in words."""
    if comment.strip():
        return []
    return [Refusal("comment_missing", _("Please say why; the comment is kept in the log."))]


class Refused(Exception):
    """A verb was called although its check says no. Carries every reason, not only the first."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(str(refusal) for refusal in refusals))
        self.refusals = tuple(refusals)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(refusal.code for refusal in self.refusals)
