"""What follows an unanswered sequence: a personal letter by the CRO, or the archive."""

from datetime import timedelta

import pytest

from handoff import afterwards
from handoff.models import Lead, Stage, Task
from sequences.models import Enrollment, ExitReason, SequenceType
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory, approved_sequence, running_list
from tests.handoff.climbing import heard

pytestmark = pytest.mark.django_db
ENDED = TUESDAY + timedelta(days=21)


def finished(type_: SequenceType) -> Lead:
    """A lead whose passage through a sequence of this type has run to its end."""
    UserFactory(role="cro")
    running_list(TUESDAY, [ContactFactory()], approved_sequence(TUESDAY, steps=2, type=type_))
    ended = {"exit_reason": ExitReason.FINISHED, "ended_at": ENDED, "due_at": None}
    Enrollment.objects.update(state=Enrollment.State.FINISHED, **ended)
    return Lead.objects.get()


def test_after_activation_the_cro_writes_in_person_once() -> None:
    lead = finished(SequenceType.ACTIVATION)
    assert [afterwards.afterwards_round(ENDED)["asked"] for _turn in range(2)] == [1, 0]
    task = Task.objects.get(lead=lead, kind=Task.Kind.WRITE)
    assert (task.role, task.due_at > ENDED) == ("cro", True)


def test_thirty_days_after_re_engagement_the_lead_is_archived() -> None:
    finished(SequenceType.RE_ENGAGEMENT)
    days = [afterwards.afterwards_round(ENDED + timedelta(days=days))["archived"] for days in (29, 30, 31)]
    assert days == [0, 1, 0]
    assert (Lead.objects.get().stage, Lead.objects.get().reason) == (Stage.ARCHIVED, "ended")


def test_whoever_gave_a_signal_meanwhile_is_not_archived() -> None:
    lead = finished(SequenceType.RE_ENGAGEMENT)
    heard(lead, at=ENDED)
    assert afterwards.afterwards_round(ENDED + timedelta(days=40))["archived"] == 0


def test_nothing_follows_a_nurture_at_once() -> None:
    finished(SequenceType.NURTURE)
    assert afterwards.afterwards_round(ENDED + timedelta(days=40)) == {"asked": 0, "archived": 0}
