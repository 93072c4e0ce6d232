"""The offer of a lead: made once for each cause, told at once, answered by whoever it was made to, or taken back."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from compliance.acts import Consent
from compliance.models import AuditEntry
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from handoff import handover, ladder
from handoff.ladder import Said
from handoff.models import Alert, Handoff, Lead, Stage, Task, Tier
from tests.cast import TUESDAY
from tests.factories import UserFactory, playbook_loaded
from tests.handoff.climbing import at_stage, heard, judged, mql, offered

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
STATE, KIND = Handoff.State, Task.Kind


def rep() -> User:
    made: User = UserFactory(role="rep")
    return made


def answer(row: Handoff, word: str, *, by: Any = None, reason: str = "", at: timedelta = MINUTE) -> Handoff:
    verb = {"accept": handover.accept, "reject": handover.reject}[word]
    return verb(row, by=by or row.to, at=TUESDAY + at, consent=Consent("As I see it.", more={"reason": reason}))


def hot() -> Lead:
    """An MQL of tier A, answered within five minutes."""
    lead = mql()
    judged(lead, ["ICP"], value="1")
    heard(lead, "E7")
    return lead


def now(row: Handoff) -> Handoff:
    return Handoff.objects.get(pk=row.pk)


class TestTheOffer:
    def test_it_carries_tier_clock_payload_and_the_playbook(self) -> None:
        row = offered(hot(), rep())
        assert (row.state, row.tier, row.due_at, row.warn_at, row.playbook, row.payload["tier"]) == (
            STATE.OPEN,
            Tier.A,
            TUESDAY + 5 * MINUTE,
            TUESDAY + 4 * MINUTE,
            1,
            "A",
        )

    def test_it_is_made_once_for_each_cause(self) -> None:
        lead, to = mql(), rep()
        made = [handover.offer(lead, to, cause="reply:7", by=SYSTEM, at=TUESDAY) for _time in range(2)]
        assert [bool(row) for row in made] == [True, False]

    def test_not_even_after_it_was_answered(self) -> None:
        lead, to = mql(), rep()
        row = handover.offer(lead, to, cause="reply:7", by=SYSTEM, at=TUESDAY)
        assert row
        answer(row, "reject", reason="no_real_intent")
        assert handover.offer(lead, to, cause="reply:7", by=SYSTEM, at=TUESDAY + MINUTE) is None

    def test_while_one_stands_no_other_is_made(self) -> None:
        lead = mql()
        offered(lead, rep())
        assert handover.offer(lead, rep(), cause="another", by=SYSTEM, at=TUESDAY) is None

    def test_the_log_and_the_alert_tell_of_it_once(self) -> None:
        lead, to = mql(), rep()
        for _time in range(2):
            handover.offer(lead, to, cause="reply:7", by=SYSTEM, at=TUESDAY)
        told = AuditEntry.objects.filter(verb="handoff.handoff.offered").count(), Alert.objects.filter(to=to).count()
        assert told == (1, 1)

    @pytest.mark.parametrize("stage", [Stage.WON, Stage.LOST, Stage.DISQUALIFIED, Stage.ARCHIVED])
    def test_nobody_is_offered_what_is_closed(self, stage: Stage) -> None:
        assert handover.offer(at_stage(stage), rep(), cause="late", by=SYSTEM, at=TUESDAY) is None

    def test_nor_what_was_closed_since_it_was_read(self) -> None:
        lead = mql()
        ladder.take(lead, "disqualify", by=UserFactory(role="cro"), at=TUESDAY, said=Said("bad_data"))
        assert handover.offer(lead, rep(), cause="late", by=SYSTEM, at=TUESDAY) is None

    def test_the_alert_names_the_person_and_no_address(self) -> None:
        lead, to = mql(), rep()
        offered(lead, to)
        alert = Alert.objects.get(to=to)
        assert "Ada Byron" in alert.title + alert.text
        assert lead.contact.address not in alert.title + alert.text


class TestAccepting:
    def test_an_mql_becomes_a_sal_of_theirs(self) -> None:
        row = answer(offered(mql(), rep()), "accept")
        lead = Lead.objects.get(pk=row.lead_id)
        assert (row.state, row.closed_at, lead.stage, lead.owner) == (
            STATE.ACCEPTED,
            TUESDAY + MINUTE,
            Stage.SAL,
            row.to,
        )

    @pytest.mark.parametrize("stage", [Stage.PROSPECT, Stage.SQL, Stage.BRIEFING_READY])
    def test_elsewhere_the_owner_changes_and_the_stage_stays(self, stage: Stage) -> None:
        row = answer(offered(at_stage(stage), rep()), "accept")
        lead = Lead.objects.get(pk=row.lead_id)
        assert (lead.stage, lead.owner) == (stage, row.to)

    def test_it_is_answered_once(self) -> None:
        row = offered(mql(), rep())
        answer(row, "accept")
        with pytest.raises(Refused):
            answer(row, "accept")

    def test_what_was_taken_back_is_not_accepted_any_more(self) -> None:
        row = offered(hot(), rep())
        handover.revert_round(TUESDAY + 5 * MINUTE)
        with pytest.raises(Refused):
            answer(row, "accept", at=6 * MINUTE)
        assert Lead.objects.get(pk=row.lead_id).stage == Stage.MQL


class TestTheWrongPerson:
    @pytest.mark.parametrize("word", ["accept", "reject"])
    @pytest.mark.parametrize("role", ["rep", "cro", "chief_of_staff"])
    def test_nobody_else_answers(self, word: str, role: str) -> None:
        row = offered(mql(), rep())
        with pytest.raises(Refused) as refused:
            answer(row, word, by=UserFactory(role=role), reason="timing")
        assert (refused.value.codes, now(row).state) == (("offered_to_another",), STATE.OPEN)

    def test_not_even_the_system(self) -> None:
        with pytest.raises(Refused):
            answer(offered(mql(), rep()), "accept", by=SYSTEM)


class TestRejecting:
    @pytest.mark.parametrize("reason", ["", "other", "price"])
    def test_a_reason_of_the_list_is_needed(self, reason: str) -> None:
        with pytest.raises(Refused) as refused:
            answer(offered(mql(), rep()), "reject", reason=reason)
        assert refused.value.codes == ("unknown_reason",)

    def test_it_is_kept_with_the_offer(self) -> None:
        row = answer(offered(mql(), rep()), "reject", reason="timing")
        assert (row.state, row.reason, row.closed_at) == (STATE.REJECTED, "timing", TUESDAY + MINUTE)

    def test_out_of_our_profile_is_disqualified(self) -> None:
        row = answer(offered(mql(), rep()), "reject", reason="out_of_icp")
        lead = Lead.objects.get(pk=row.lead_id)
        assert (lead.stage, lead.reason) == (Stage.DISQUALIFIED, "out_of_icp")

    @pytest.mark.parametrize(("reason", "days"), [("too_small", 90), ("timing", 120)])
    def test_not_yet_comes_back_on_a_date(self, reason: str, days: int) -> None:
        row = answer(offered(mql(), rep()), "reject", reason=reason)
        lead = Lead.objects.get(pk=row.lead_id)
        assert (lead.stage, lead.return_on, lead.reason) == (
            Stage.MQL,
            (TUESDAY + MINUTE + timedelta(days=days)).date(),
            reason,
        )

    @pytest.mark.parametrize("reason", ["duplicate", "bad_contact_data", "wrong_industry"])
    def test_what_somebody_has_to_mend_is_asked_of_sales_ops(self, reason: str) -> None:
        row = answer(offered(mql(), rep()), "reject", reason=reason)
        task = Task.objects.get(lead=row.lead, kind=KIND.FOLLOW_UP)
        assert (task.role, task.due_at > TUESDAY) == ("sales_ops", True)

    def test_no_real_intent_stays_an_mql_about_which_the_cro_decides(self) -> None:
        row = answer(offered(mql(), rep()), "reject", reason="no_real_intent")
        assert Task.objects.get(lead=row.lead, state=Task.State.OPEN).kind == KIND.DECIDE_SQL

    @pytest.mark.parametrize("reason", ["timing", "no_real_intent"])
    def test_what_cannot_rest_further_up_is_asked_of_somebody(self, reason: str) -> None:
        row = answer(offered(at_stage(Stage.SQL), rep()), "reject", reason=reason)
        assert Task.objects.filter(lead=row.lead, kind=KIND.FOLLOW_UP).exists()

    def test_the_playbook_says_where_a_reason_leads(self) -> None:
        row = offered(mql(), rep())
        playbook_loaded(rejections={"timing": "mend"})
        answer(row, "reject", reason="timing")
        assert Lead.objects.get(pk=row.lead_id).return_on is None


class TestTheClock:
    def test_they_are_warned_once_at_four_fifths(self) -> None:
        row = offered(hot(), rep())
        found = [handover.revert_round(TUESDAY + minutes * MINUTE)["warned"] for minutes in (3, 4, 4)]
        assert (found, Alert.objects.filter(key=f"warn:{row.pk}:{row.to_id}").count()) == ([0, 1, 0], 1)

    def test_who_has_answered_is_not_warned(self) -> None:
        answer(offered(hot(), rep()), "accept")
        assert handover.revert_round(TUESDAY + 4 * MINUTE) == {"warned": 0, "reverted": 0}

    def test_then_it_is_taken_back(self) -> None:
        row = offered(hot(), rep())
        found = [handover.revert_round(TUESDAY + minutes * MINUTE)["reverted"] for minutes in (4, 5, 6)]
        assert (found, now(row).state, now(row).closed_at) == ([0, 1, 0], STATE.REVERTED, TUESDAY + 5 * MINUTE)

    def test_the_lead_stays_where_it_is(self) -> None:
        row = offered(hot(), rep())
        handover.revert_round(TUESDAY + 5 * MINUTE)
        assert Lead.objects.get(pk=row.lead_id).stage == Stage.MQL

    def test_somebody_by_name_follows_it_up(self) -> None:
        chief = UserFactory(role="chief_of_staff")
        row = offered(hot(), rep())
        handover.revert_round(TUESDAY + 5 * MINUTE)
        task = Task.objects.get(lead=row.lead, kind=KIND.FOLLOW_UP)
        assert (task.person, task.due_at > TUESDAY) == (chief, True)

    def test_over_the_weekend_it_waits_for_them(self) -> None:
        friday = TUESDAY.replace(day=20, hour=16, minute=58)
        lead = hot()
        row = handover.offer(lead, rep(), cause="friday", by=SYSTEM, at=friday)
        assert row
        assert (row.warn_at, row.due_at) == (
            friday.replace(day=23, hour=9, minute=2),
            friday.replace(day=23, hour=9, minute=3),
        )


class TestALeadThatGoesOn:
    @pytest.mark.parametrize(("arrow", "reason"), [("confirm", ""), ("disqualify", "bad_data")])
    def test_its_offer_is_withdrawn(self, arrow: str, reason: str) -> None:
        lead = mql(indicators=3)
        row = offered(lead, rep())
        ladder.take(lead, arrow, by=UserFactory(role="cro"), at=TUESDAY, said=Said(reason))
        assert now(row).state == STATE.WITHDRAWN
