"""How many touches a type of sequence allows and how far apart (SOP 5.2; spec SQ1)."""

import pytest

from sequences import policy
from sequences.models import SequenceType, SequenceVersion, Step
from tests.cast import TUESDAY
from tests.factories import SequenceVersionFactory, TemplateVersionFactory, drafted_sequence, playbook_loaded

pytestmark = pytest.mark.django_db

NURTURE, ACTIVATION, AGAIN = SequenceType.NURTURE, SequenceType.ACTIVATION, SequenceType.RE_ENGAGEMENT


def codes(version: SequenceVersion) -> list[str]:
    return [refusal.code for refusal in policy.against(version)]


def drafted(steps: int, type: str = NURTURE) -> SequenceVersion:  # noqa: A002 - the factory's word
    return drafted_sequence(TUESDAY, steps=steps, type=type)


@pytest.mark.parametrize(("type", "most"), [(NURTURE, 6), (ACTIVATION, 3), (AGAIN, 2)])
def test_each_type_has_its_most_touches(type: str, most: int) -> None:  # noqa: A002
    assert codes(drafted(most, type)) == []


@pytest.mark.parametrize(("type", "most"), [(NURTURE, 6), (ACTIVATION, 3), (AGAIN, 2)])
def test_one_more_is_refused(type: str, most: int) -> None:  # noqa: A002
    assert codes(drafted(most + 1, type)) == ["too_many_touches"]


@pytest.mark.parametrize(("type", "least"), [(NURTURE, 14), (ACTIVATION, 7), (AGAIN, 30)])
def test_a_day_too_close_is_refused_with_its_step(type: str, least: int) -> None:  # noqa: A002
    version = drafted(2, type)
    version.steps.filter(position=2).update(wait_days=least - 1)
    (refusal,) = policy.against(version)
    assert (refusal.code, refusal.where) == ("too_close", "step 2")


@pytest.mark.parametrize(("days", "refused"), [(9, ["too_close"]), (10, [])])
def test_five_business_days_are_a_week(days: int, refused: list[str]) -> None:
    version = drafted(2)
    version.steps.filter(position=2).update(wait_days=days, wait_kind=Step.WaitKind.BUSINESS)
    assert codes(version) == refused


def test_the_first_step_need_not_wait() -> None:
    version = drafted(1)
    assert version.steps.get().wait_days == 0
    assert codes(version) == []


def test_a_sequence_has_steps() -> None:
    playbook_loaded()
    assert codes(SequenceVersionFactory()) == ["no_steps"]


def test_steps_are_numbered_without_a_gap() -> None:
    version = drafted(3)
    version.steps.filter(position=2).delete()
    assert codes(version) == ["gap_in_steps"]


def test_a_step_needs_a_signed_text() -> None:
    version = drafted(1)
    version.steps.update(template_version=TemplateVersionFactory())
    assert codes(version) == ["text_not_signed"]


def test_a_text_is_written_for_its_type() -> None:
    version = drafted(1)
    (step,) = version.steps.all()
    type(step.template_version.template).objects.update(sequence_type=ACTIVATION)
    assert codes(version) == ["wrong_type"]


def test_the_playbook_may_tighten() -> None:
    version = drafted(6)
    playbook_loaded(sequences={"nurture": {"touches": 5, "days": 21}})
    assert codes(version) == ["too_close"] * 5 + ["too_many_touches"]


def test_the_playbook_may_not_loosen() -> None:
    playbook_loaded(sequences={"nurture": {"touches": 20, "days": 1}})
    assert policy.policy_of(NURTURE) == policy.POLICIES[NURTURE]
