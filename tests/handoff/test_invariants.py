"""The promises about leads and offers hold for whatever the verbs do, and each is found broken when it is."""

from datetime import timedelta

import pytest

from compliance.acts import Consent
from compliance.invariants import Invariant, declared
from handoff import classifying, handover, invariants, ladder
from handoff.invariants import (
    ASKED_OF_NOBODY,
    BROKEN_LADDER,
    OFFERS_OVERDUE,
    OWNED_BY_NOBODY,
    STANDS_FOR_NOBODY,
    WITHOUT_GROUNDS,
)
from handoff.ladder import Said
from handoff.models import Briefing, Lead, Stage, StageMove, Task
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.handoff.climbing import at_stage, lead_of, mql, offered
from tests.promises import broken, raw

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

DAY = timedelta(days=1)
OURS = [one for one in vars(invariants).values() if isinstance(one, Invariant)]


class TestTheyHold:
    @pytest.mark.parametrize("stage", Stage)
    def test_wherever_a_lead_stands(self, stage: Stage) -> None:
        at_stage(stage)
        assert broken() == {}

    def test_of_an_sql_that_was_nobodys(self) -> None:
        cro = UserFactory(role="cro")
        assert ladder.take(mql(indicators=3), "confirm", by=cro, at=TUESDAY).owner == cro

    def test_of_one_that_was_somebodys_the_owner_stays(self) -> None:
        rep = UserFactory(role="rep")
        lead = at_stage(Stage.SAL, owner=rep)
        assert ladder.take(lead, "confirm", by=UserFactory(role="cro"), at=TUESDAY + DAY).owner == rep

    def test_of_one_that_rests_and_of_one_that_has_returned(self) -> None:
        cro, lead = UserFactory(role="cro"), at_stage(Stage.BRIEFING_READY)
        rests = {"return_on": (TUESDAY + 90 * DAY).date(), "owner": None}
        ladder.take(lead, "recycle", by=cro, at=TUESDAY + DAY, said=Said("timing"), set=rests)
        before = broken()
        classifying.returning_round(TUESDAY + 90 * DAY)
        assert (before, broken()) == ({}, {})

    def test_of_one_that_returns_twice_on_a_day(self) -> None:
        cro = UserFactory(role="cro")
        lead = at_stage(Stage.SQL)
        rests = {"return_on": (TUESDAY + DAY).date(), "owner": None}
        for hour in (1, 3):
            at = TUESDAY + DAY + timedelta(hours=hour)
            lead = ladder.take(lead, "recycle", by=cro, at=at, said=Said("timing"), set=rests)
            classifying.returning_round(at)
            lead = Lead.objects.get(pk=lead.pk)
            lead = ladder.take(lead, "confirm", by=cro, at=at + timedelta(hours=1)) if hour == 1 else lead
        assert broken() == {}

    @pytest.mark.parametrize("reason", ["timing", "no_real_intent", "bad_data", "duplicate"])
    def test_of_whatever_is_rejected(self, reason: str) -> None:
        row = offered(mql(), UserFactory(role="rep"))
        handover.reject(row, by=row.to, at=TUESDAY, consent=Consent("No.", more={"reason": reason}))
        assert broken() == {}

    def test_of_an_offer_that_nobody_answers(self) -> None:
        row = offered(mql(), UserFactory(role="rep"))
        handover.revert_round(row.due_at)
        assert broken() == {}


class TestTheyAreFoundBroken:
    def test_a_stage_that_no_arrow_led_to(self) -> None:
        lead = mql()
        raw("DELETE FROM handoff_stagemove")
        assert BROKEN_LADDER.run() == [f"lead {lead.pk}"]

    def test_an_arrow_that_begins_elsewhere(self) -> None:
        lead = at_stage(Stage.SQL)
        raw("UPDATE handoff_stagemove SET was = 'sal' WHERE arrow = 'confirm'")
        assert BROKEN_LADDER.run() == [f"lead {lead.pk}"]

    def test_an_arrow_that_is_gone(self) -> None:
        at_stage(Stage.BRIEFING_READY)
        raw("DELETE FROM handoff_stagemove WHERE arrow = 'confirm'")
        assert BROKEN_LADDER.count() == 1

    @pytest.mark.parametrize(
        "grounds", ['{"findings": [1, 2, 3, 4], "signals": [1]}', '{"findings": [1, 2, 3, 4, 5], "signals": []}']
    )
    def test_an_mql_on_less_than_is_needed(self, grounds: str) -> None:
        mql()
        raw("UPDATE handoff_stagemove SET grounds = %s", grounds)
        assert WITHOUT_GROUNDS.run() == [f"arrow {StageMove.objects.get().pk}"]

    def test_what_was_emptied_for_somebody_erased_is_not_counted(self) -> None:
        mql()
        raw("UPDATE handoff_stagemove SET grounds = '{}'")
        assert WITHOUT_GROUNDS.count() == 0

    @pytest.mark.parametrize("stage", [Stage.SAL, Stage.SQL, Stage.ASSESSMENT_PROPOSED])
    def test_a_lead_that_nobody_owns(self, stage: Stage) -> None:
        lead = at_stage(stage)
        Lead.objects.filter(pk=lead.pk).update(owner=None)
        assert OWNED_BY_NOBODY.run() == [f"lead {lead.pk}"]

    @pytest.mark.parametrize("stage", [Stage.MQL, Stage.SAL])
    def test_a_lead_about_which_nobody_was_asked(self, stage: Stage) -> None:
        lead = at_stage(stage)
        Task.objects.filter(lead=lead).delete()
        assert ASKED_OF_NOBODY.run() == [f"lead {lead.pk}"]

    def test_an_offer_of_a_closed_lead(self) -> None:
        row = offered(mql(), UserFactory(role="rep"))
        ladder.take(row.lead, "disqualify", by=UserFactory(role="cro"), at=TUESDAY, said=Said("bad_data"))
        raw("UPDATE handoff_handoff SET state = 'open'")
        assert STANDS_FOR_NOBODY.run() == [f"handoff {row.pk}"]

    def test_a_briefing_of_a_lead_that_is_not_ready(self) -> None:
        lead = lead_of()
        row = Briefing.objects.create(lead=lead, starts_at=TUESDAY, booked_at=TUESDAY, booked_by="system")
        assert STANDS_FOR_NOBODY.run() == [f"briefing {row.pk}"]

    @pytest.mark.parametrize(("minutes", "count"), [(59, 0), (61, 1)])
    def test_an_offer_that_stands_an_hour_too_long(self, minutes: int, count: int) -> None:
        row = offered(mql(), UserFactory(role="rep"))
        # Something else is written down by then.
        lead_of_then = mql(at=row.due_at + timedelta(minutes=minutes))
        assert (OFFERS_OVERDUE.count(), bool(lead_of_then)) == (count, True)


def test_all_of_them_are_asked() -> None:
    assert {one.name for one in OURS} <= {one.name for one in declared()}
