"""Work for a person: asked once for each cause, closed by whoever it was asked of, or by what has happened."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from compliance.acts import Act, Consent
from compliance.models import AuditEntry
from compliance.principals import SYSTEM
from handoff import ladder, todo
from handoff.ladder import Said
from handoff.models import Lead, Stage, Task
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.handoff.climbing import at_stage, lead_of, mql

pytestmark = pytest.mark.django_db

KIND, STATE = Task.Kind, Task.State
FINISH, DROP = todo.ACTS


def asked(lead: Lead, kind: Task.Kind = KIND.CLASSIFY, *, cause: str = "signal:1", person: User | None = None) -> Task:
    row = todo.ask(kind, lead, cause=cause, role="sales_ops", due_at=TUESDAY, at=TUESDAY, person=person)
    assert row
    return row


def state_of(row: Task) -> str:
    return str(Task.objects.get(pk=row.pk).state)


class TestAsking:
    def test_it_is_asked_once_for_each_cause(self) -> None:
        lead = lead_of()
        asked(lead)
        again = todo.ask(KIND.CLASSIFY, lead, cause="signal:1", role="cro", due_at=TUESDAY, at=TUESDAY)
        assert (again, Task.objects.count()) == (None, 1)

    def test_not_even_when_it_was_done(self) -> None:
        lead = lead_of()
        FINISH.do(asked(lead), by=UserFactory(role="sales_ops"), at=TUESDAY, consent=Consent("Done."))
        assert todo.ask(KIND.CLASSIFY, lead, cause="signal:1", role="cro", due_at=TUESDAY, at=TUESDAY) is None

    def test_another_cause_asks_again(self) -> None:
        lead = lead_of()
        asked(lead)
        assert asked(lead, cause="signal:2")

    def test_the_log_says_so(self) -> None:
        row = asked(lead_of())
        assert AuditEntry.objects.get(verb="handoff.task.opened").subject == f"handoff.task:{row.pk}"


class TestSettling:
    def test_what_was_asked_is_done_when_it_has_happened(self) -> None:
        lead = mql(indicators=3)
        ladder.take(lead, "confirm", by=UserFactory(role="cro"), at=TUESDAY)
        assert [state_of(task) for task in Task.objects.filter(lead=lead, kind=KIND.DECIDE_SQL)] == [STATE.DONE]

    def test_it_is_no_longer_needed_when_the_lead_goes_elsewhere(self) -> None:
        lead = mql(indicators=3)
        ladder.take(lead, "disqualify", by=UserFactory(role="cro"), at=TUESDAY, said=Said("bad_data"))
        assert [state_of(task) for task in Task.objects.filter(lead=lead, kind=KIND.DECIDE_SQL)] == [STATE.DROPPED]

    def test_the_question_stays_with_whoever_has_accepted_the_lead(self) -> None:
        lead = at_stage(Stage.SAL)
        assert Task.objects.get(lead=lead, kind=KIND.DECIDE_SQL).state == STATE.OPEN

    def test_what_is_to_be_followed_up_stays_until_somebody_says_so(self) -> None:
        lead = mql()
        row = asked(lead, KIND.FOLLOW_UP)
        ladder.take(lead, "archive", by=SYSTEM, at=TUESDAY, said=Said("ended"))
        assert state_of(row) == STATE.OPEN


class TestTheQuestionOfAnSql:
    def test_it_is_put_when_a_lead_becomes_an_mql(self) -> None:
        assert Task.objects.get(lead=mql(), kind=KIND.DECIDE_SQL).due_at > TUESDAY

    def test_it_is_not_put_while_a_recycled_lead_rests(self) -> None:
        lead = at_stage(Stage.SQL)
        rests = {"return_on": (TUESDAY + timedelta(days=90)).date()}
        ladder.take(
            lead, "recycle", by=UserFactory(role="cro"), at=TUESDAY + timedelta(days=1), said=Said("timing"), set=rests
        )
        assert not Task.objects.filter(lead=lead, kind=KIND.DECIDE_SQL, state=STATE.OPEN).exists()


class TestWhoCloses:
    @pytest.mark.parametrize("act", todo.ACTS, ids=lambda act: act.arrow)
    def test_everybody_of_the_role_may(self, act: Act) -> None:
        assert against(act, asked(lead_of()), UserFactory(role="sales_ops")) == []

    def test_another_role_may_not(self) -> None:
        assert against(FINISH, asked(lead_of()), UserFactory(role="cro")) == ["not_your_role"]

    def test_what_is_asked_of_one_person_nobody_else_closes(self) -> None:
        row = asked(lead_of(), person=UserFactory(role="sales_ops"))
        assert against(FINISH, row, UserFactory(role="sales_ops")) == ["not_yours"]

    def test_that_person_does_whichever_role_they_have(self) -> None:
        person = UserFactory(role="cmo")
        assert against(FINISH, asked(lead_of(), person=person), person) == []

    def test_it_is_closed_with_its_moment(self) -> None:
        row = asked(lead_of())
        DROP.do(row, by=UserFactory(role="sales_ops"), at=TUESDAY, consent=Consent("Not any more."))
        done = Task.objects.get(pk=row.pk)
        assert (done.state, done.closed_at) == (STATE.DROPPED, TUESDAY)


def against(act: Act, row: Task, by: User) -> list[str]:
    return [refusal.code for refusal in act.check(row, by)]
