"""What a type of sequence allows: how many touches, how far apart (SOP 5.2). The playbook may only tighten."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance import playbook
from compliance.refusals import Refusal
from sequences.models import SequenceType, SequenceVersion, Step, TemplateVersion


@dataclass(frozen=True)
class Policy:
    """At most `touches`, each at least `days` after the one before."""

    touches: int
    days: int


POLICIES: Mapping[str, Policy] = {
    SequenceType.NURTURE: Policy(touches=6, days=14),
    SequenceType.ACTIVATION: Policy(touches=3, days=7),
    SequenceType.RE_ENGAGEMENT: Policy(touches=2, days=30),
}
_BUSINESS_WEEK = 5
_STALE_AFTER_DAYS = 10


def policy_of(sequence_type: str) -> Policy:
    """The policy in force: the type's own, tightened by the playbook's section `sequences`."""
    ours = POLICIES[sequence_type]
    wished: Mapping[str, Any] = playbook.section("sequences").get(sequence_type, {})
    return Policy(
        min(ours.touches, int(wished.get("touches", ours.touches))), max(ours.days, int(wished.get("days", 0)))
    )


def life_of_step() -> int:
    """How many days a step may wait once it is due."""
    return int(playbook.section("sequences").get("stale_after_days", _STALE_AFTER_DAYS))


def against(version: SequenceVersion) -> list[Refusal]:
    """Everything that keeps a sequence version from being submitted or signed."""
    policy = policy_of(version.sequence.type)
    steps = list(version.steps.select_related("template_version__template").order_by("position"))
    found = [refusal for step in steps for refusal in _against_step(version, step, policy)]
    if not steps:
        found.append(Refusal("no_steps", _("A sequence needs at least one step.")))
    if len(steps) > policy.touches:
        text = _("%(count)d steps; a %(type)s sequence has at most %(limit)d.")
        said = {"count": len(steps), "type": version.sequence.get_type_display(), "limit": policy.touches}
        found.append(Refusal("too_many_touches", text % said))
    if [step.position for step in steps] != list(range(1, len(steps) + 1)):
        found.append(Refusal("gap_in_steps", _("Steps are numbered 1, 2, 3 without a gap.")))
    return found


def calendar_days(step: Step) -> int:
    """A step's wait in calendar days at the least: five business days are a week."""
    if step.wait_kind == Step.WaitKind.BUSINESS:
        return step.wait_days // _BUSINESS_WEEK * 7 + step.wait_days % _BUSINESS_WEEK
    return step.wait_days


def _against_step(version: SequenceVersion, step: Step, policy: Policy) -> list[Refusal]:
    where = str(_("step %(number)d") % {"number": step.position})
    found = []
    if step.position > 1 and calendar_days(step) < policy.days:
        text = _("waits %(days)d days; at least %(least)d are required.")
        found.append(Refusal("too_close", text % {"days": calendar_days(step), "least": policy.days}, where))
    if step.template_version.state != TemplateVersion.State.LOADED:
        found.append(Refusal("text_not_signed", _("its text has not been signed and loaded."), where))
    if step.template_version.template.sequence_type != version.sequence.type:
        found.append(Refusal("wrong_type", _("its text is written for another type of sequence."), where))
    return found
