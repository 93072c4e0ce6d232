"""Decides what an empty installation still lacks before its first message can go."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sequences.models import Mailbox, RecipientList, SequenceVersion, TemplateVersion


@dataclass(frozen=True)
class Step:
    """One of the first steps of an empty installation."""

    name: Any
    why: Any
    done: bool
    url: str


def first_steps(by: Any) -> list[Step]:
    """The way from an empty installation to the first message; nothing once it has been gone."""
    steps = [
        _step(by, _("A mailbox"), _("Where mail leaves from."), "mailbox", Mailbox.objects.exists()),
        _step(
            by,
            _("A text"),
            _("Written by content, signed by CMO and CRO, loaded by sales ops."),
            "template",
            TemplateVersion.objects.filter(state=TemplateVersion.State.LOADED).exists(),
        ),
        _step(
            by,
            _("A sequence"),
            _("Signed texts with waits between them, approved by the CRO."),
            "sequence",
            SequenceVersion.objects.filter(state=SequenceVersion.State.APPROVED).exists(),
        ),
        _step(
            by,
            _("A recipient list"),
            _("The people for one sequence, signed by the CRO. Then the first messages are planned."),
            "recipientlist",
            RecipientList.objects.filter(state=RecipientList.State.RUNNING).exists(),
        ),
    ]
    return [] if all(step.done for step in steps) else steps


def _step(by: Any, name: Any, why: Any, model: str, done: bool) -> Step:
    if by.has_perm(f"sequences.add_{model}") and not done:
        return Step(name, why, done, reverse(f"admin:sequences_{model}_add"))
    seen = by.has_perm(f"sequences.view_{model}")
    return Step(name, why, done, reverse(f"admin:sequences_{model}_changelist") if seen else "")
