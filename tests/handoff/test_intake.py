"""What follows for the lead when an answer has been dealt with: a signal, an offer to the CRO, the archive."""

import hashlib
from typing import Any

import pytest

from handoff import intake
from handoff.models import Alert, Handoff, Lead, Signal, Stage, Task
from sequences.models import InboundMessage
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.handoff.climbing import at_stage, lead_of, mql

pytestmark = pytest.mark.django_db
Verdict = InboundMessage.Verdict


def answered(lead: Lead, verdict: Verdict, **said: Any) -> InboundMessage:
    digest = hashlib.sha256(str(InboundMessage.objects.count()).encode()).hexdigest()
    return InboundMessage.objects.create(
        received_at=TUESDAY,
        digest=digest,
        raw=b"",
        contact=lead.contact,
        state=InboundMessage.State.ROUTED,
        verdict=verdict,
        **said,
    )


@pytest.mark.parametrize(
    ("subclass", "kind"), [("interest", "E3"), ("briefing_request", "E4"), ("meeting_accept", "E4"), ("referral", "E7")]
)
def test_a_positive_answer_is_a_signal(subclass: str, kind: str) -> None:
    answered(mql(), Verdict.POSITIVE, subclass=subclass)
    intake.answers_round(TUESDAY)
    assert Signal.objects.get(source="reply").kind == kind


def test_a_positive_answer_is_offered_to_the_cro_at_once() -> None:
    cro = UserFactory(role="cro")
    row = answered(mql(), Verdict.POSITIVE, subclass="question")
    assert intake.answers_round(TUESDAY) == {"answers": 1, "offered": 1}
    made = Handoff.objects.get()
    assert (made.to, made.cause, made.state) == (cro, f"sequences.inboundmessage:{row.pk}", "open")
    assert Alert.objects.get().to == cro


def test_the_stage_goes_no_higher_by_itself() -> None:
    lead = mql(indicators=5)
    answered(lead, Verdict.POSITIVE, subclass="meeting_accept")
    intake.answers_round(TUESDAY)
    assert Lead.objects.get(pk=lead.pk).stage == Stage.MQL


def test_an_answer_is_taken_up_once() -> None:
    UserFactory(role="cro")
    answered(mql(), Verdict.POSITIVE)
    assert [intake.answers_round(TUESDAY)["answers"] for _turn in range(2)] == [1, 0]


@pytest.mark.parametrize(("subclass", "reason"), [("not_interested", "permanent_no"), ("left_company", "left_company")])
def test_a_no_for_good_archives(subclass: str, reason: str) -> None:
    lead = mql()
    answered(lead, Verdict.NEGATIVE, subclass=subclass, permanent=True)
    intake.answers_round(TUESDAY)
    lead.refresh_from_db()
    assert (lead.stage, lead.reason) == (Stage.ARCHIVED, reason)


def test_a_no_of_today_archives_nobody() -> None:
    lead = mql()
    answered(lead, Verdict.NEGATIVE, subclass="not_interested")
    intake.answers_round(TUESDAY)
    assert Lead.objects.get(pk=lead.pk).stage == Stage.MQL


def test_a_no_for_good_of_a_lead_that_is_worked_is_for_a_person() -> None:
    lead = at_stage(Stage.SQL)
    answered(lead, Verdict.NEGATIVE, permanent=True)
    intake.answers_round(TUESDAY)
    assert Lead.objects.get(pk=lead.pk).stage == Stage.SQL
    assert Task.objects.filter(lead=lead, kind=Task.Kind.FOLLOW_UP).count() == 1


def test_an_answer_of_nobody_we_know_changes_nothing() -> None:
    row = answered(lead_of(), Verdict.POSITIVE)
    InboundMessage.objects.filter(pk=row.pk).update(contact=None)
    assert intake.answers_round(TUESDAY) == {"answers": 1, "offered": 0}
