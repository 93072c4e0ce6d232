"""A briefing is booked, and what became of it is said by whoever may; what follows from it is asked."""

from datetime import timedelta

import pytest

from compliance.acts import Consent, perform
from compliance.models import AuditEntry
from compliance.refusals import Refused
from compliance.transitions import NotPermitted
from handoff import booking, ladder
from handoff.ladder import Said
from handoff.models import Briefing, Lead, Stage, StageMove, Task
from handoff.roles import ROLES
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.handoff.climbing import at_stage

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STATE, KIND = Briefing.State, Task.Kind
WHY = Consent("They wrote so.")


def sql() -> Lead:
    return at_stage(Stage.SQL)


def booked() -> Briefing:
    return Briefing.objects.get(lead=at_stage(Stage.BRIEFING_READY))


def perform_on(row: Briefing, name: str, *, role: str = "cro", at: timedelta = HOUR) -> Briefing:
    (act,) = (act for act in booking.ACTS if act.arrow == name)
    done = perform(row, act, by=UserFactory(role=role), at=row.starts_at + at, consent=WHY)
    assert isinstance(done, Briefing)
    return done


class TestBooking:
    def test_the_lead_is_ready_and_the_date_is_kept(self) -> None:
        lead = booking.book(sql(), TUESDAY + 3 * DAY, by=UserFactory(role="rep"), at=TUESDAY + HOUR)
        row = Briefing.objects.get(lead=lead)
        assert (lead.stage, row.state, row.starts_at) == (Stage.BRIEFING_READY, STATE.BOOKED, TUESDAY + 3 * DAY)

    def test_history_and_log_say_for_when(self) -> None:
        lead = booking.book(sql(), TUESDAY + 3 * DAY, by=UserFactory(role="cro"), at=TUESDAY + HOUR)
        when = (TUESDAY + 3 * DAY).isoformat()
        assert StageMove.objects.get(lead=lead, arrow="book").details() == {"starts_at": when}
        assert AuditEntry.objects.get(verb="handoff.briefing.booked").data["starts_at"] == when

    @pytest.mark.parametrize("ago", [timedelta(), HOUR])
    def test_nothing_is_booked_in_the_past(self, ago: timedelta) -> None:
        with pytest.raises(Refused) as refused:
            booking.book(sql(), TUESDAY - ago, by=UserFactory(role="cro"), at=TUESDAY)
        assert refused.value.codes == ("in_the_past",)

    def test_whoever_may_not_books_nothing(self) -> None:
        with pytest.raises(NotPermitted):
            booking.book(sql(), TUESDAY + DAY, by=UserFactory(role="sales_ops"), at=TUESDAY + HOUR)
        assert not Briefing.objects.exists()

    def test_of_two_who_book_at_once_the_second_is_told(self) -> None:
        lead, by = sql(), UserFactory(role="cro")
        booking.book(lead, TUESDAY + DAY, by=by, at=TUESDAY + HOUR)
        with pytest.raises(Refused):
            booking.book(lead, TUESDAY + 2 * DAY, by=by, at=TUESDAY + HOUR)
        assert Briefing.objects.get().starts_at == TUESDAY + DAY


class TestWhatBecameOfIt:
    def test_held_the_cro_decides_about_a_proposal(self) -> None:
        row = perform_on(booked(), "hold")
        task = Task.objects.get(kind=KIND.POST_BRIEFING)
        assert (row.state, task.role, task.lead) == (STATE.HELD, "cro", row.lead)

    @pytest.mark.parametrize(("name", "state"), [("miss", STATE.NO_SHOW), ("cancel", STATE.CANCELLED)])
    def test_else_the_cro_finds_another_date(self, name: str, state: str) -> None:
        row = perform_on(booked(), name)
        assert (row.state, Task.objects.get(kind=KIND.FOLLOW_UP).role) == (state, "cro")

    @pytest.mark.parametrize("name", ["hold", "miss"])
    def test_nothing_became_of_it_before_it_began(self, name: str) -> None:
        with pytest.raises(Refused) as refused:
            perform_on(booked(), name, at=-HOUR)
        assert "not_yet" in refused.value.codes

    def test_it_is_called_off_at_any_time(self) -> None:
        assert perform_on(booked(), "cancel", at=-HOUR).state == STATE.CANCELLED

    @pytest.mark.parametrize("role", ROLES)
    def test_cro_and_rep_say_so(self, role: str) -> None:
        row = booked()
        try:
            perform_on(row, "hold", role=role)
        except (Refused, NotPermitted):
            assert role not in {"cro", "rep"}
        else:
            assert role in {"cro", "rep"}

    def test_what_is_closed_stays_closed(self) -> None:
        row = booked()
        perform_on(row, "cancel")
        with pytest.raises(Refused):
            perform_on(row, "hold")


class TestALeadThatGoesBack:
    def recycled(self) -> Lead:
        lead = at_stage(Stage.BRIEFING_READY)
        return ladder.take(lead, "recycle", by=UserFactory(role="cro"), at=TUESDAY + DAY, said=Said("timing"))

    def test_has_no_appointment_any_more(self) -> None:
        assert Briefing.objects.get(lead=self.recycled()).state == STATE.CANCELLED

    def test_can_be_booked_again(self) -> None:
        cro = UserFactory(role="cro")
        lead = ladder.take(self.recycled(), "confirm", by=cro, at=TUESDAY + 2 * DAY)
        booking.book(lead, TUESDAY + 9 * DAY, by=cro, at=TUESDAY + 2 * DAY)
        assert [row.state for row in Briefing.objects.order_by("pk")] == [STATE.CANCELLED, STATE.BOOKED]


class TestAnotherDate:
    def again(self, row: Briefing, days: int = 7) -> Briefing:
        (act,) = (act for act in booking.ACTS if act.arrow == "rebook")
        at = row.starts_at + HOUR
        said = Consent(more={"starts_at": (at + days * DAY).isoformat()})
        done = perform(Briefing.objects.get(pk=row.pk), act, by=UserFactory(role="rep"), at=at, consent=said)
        assert isinstance(done, Briefing)
        return done

    @pytest.mark.parametrize("gone", ["miss", "cancel"])
    def test_is_booked_for_the_same_briefing(self, gone: str) -> None:
        row = perform_on(booked(), gone)
        again = self.again(row)
        assert (again.state, again.starts_at) == (STATE.BOOKED, row.starts_at + HOUR + 7 * DAY)
        assert Lead.objects.get(pk=row.lead_id).stage == Stage.BRIEFING_READY

    def test_answers_the_question_for_it(self) -> None:
        self.again(perform_on(booked(), "cancel"))
        assert Task.objects.get(kind=KIND.FOLLOW_UP).state == Task.State.DONE

    def test_may_be_called_off_as_well(self) -> None:
        again = self.again(perform_on(booked(), "cancel"))
        perform_on(again, "miss")
        assert Task.objects.filter(kind=KIND.FOLLOW_UP, state=Task.State.OPEN).count() == 1

    def test_is_not_in_the_past(self) -> None:
        row = perform_on(booked(), "cancel")
        with pytest.raises(Refused, match="in the past"):
            self.again(row, days=-7)

    def test_is_for_a_lead_that_waits_for_one(self) -> None:
        row = perform_on(booked(), "cancel")
        ladder.take(row.lead, "lose", by=UserFactory(role="cro"), at=row.starts_at + HOUR, said=Said("price"))
        with pytest.raises(Refused, match="does not wait for a briefing"):
            self.again(row)
