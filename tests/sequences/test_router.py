"""What a mail is, is said once, by the machine where it is sure and by a person elsewhere (spec R4, R5)."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from compliance.acts import Consent, offers, perform
from compliance.models import AuditEntry, Hold, Suppression, SuppressionReason
from compliance.refusals import Refused
from sequences import consequences, pauses, router
from sequences.models import Contact, Enrollment, ExitReason, InboundMessage
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.sequences.answers import Verdict, again, answered, is_held, sent
from tests.sequences.campaign import broken_promises, passage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

State = InboundMessage.State
UNSURE = 40


def ada() -> Contact:
    return Contact.objects.order_by("pk")[0]


def say(row: InboundMessage, what: str, by: User | None = None, **more: str) -> InboundMessage:
    return taken("route", row, what, by, **more)


def correct(row: InboundMessage, what: str, by: User | None = None, **more: str) -> InboundMessage:
    return taken("correct", row, what, by, **more)


def taken(arrow: str, row: InboundMessage, what: str, by: User | None, **more: str) -> InboundMessage:
    (act,) = [one for one in router.ACTS if one.arrow == arrow]
    consent = Consent("I have read it.", more={"what": what, **more})
    perform(again(row), act, by=by or UserFactory(role="rep"), at=TUESDAY, consent=consent)
    return again(row)


class TestTheMachine:
    def test_it_deals_with_what_it_is_sure_of(self) -> None:
        sent()
        row = answered(Verdict.NEUTRAL, "ack")
        assert router.route_round(TUESDAY) == {"routed": 1, "left": 0}
        assert (again(row).state, again(row).decided_by, again(row).taken_at) == (State.ROUTED, "system", None)

    def test_a_mail_is_dealt_with_once(self) -> None:
        sent()
        answered(Verdict.POSITIVE, "interest")
        router.route_round(TUESDAY)
        assert router.route_round(TUESDAY) == {"routed": 0, "left": 0}
        assert AuditEntry.objects.filter(verb="sequences.inboundmessage.route").count() == 1

    def test_what_it_is_not_sure_of_waits_and_they_stay_held(self) -> None:
        sent()
        row = answered(Verdict.POSITIVE, "interest", confidence=UNSURE)
        assert router.route_round(TUESDAY) == {"routed": 0, "left": 1}
        assert again(row).state == State.WAITING
        assert is_held(ada())

    def test_it_looks_once(self) -> None:
        sent()
        answered(Verdict.OTHER)
        router.route_round(TUESDAY)
        assert router.route_round(TUESDAY) == {"routed": 0, "left": 0}

    @pytest.mark.parametrize("verdict", [Verdict.POSITIVE, Verdict.NEUTRAL, Verdict.NEGATIVE, Verdict.OPT_OUT])
    def test_what_somebody_merely_claims_to_be_waits_for_a_person(self, verdict: InboundMessage.Verdict) -> None:
        sent()
        row = answered(verdict, message=None, matched_by=InboundMessage.Match.SENDER)
        router.route_round(TUESDAY)
        assert again(row).state == State.WAITING

    @pytest.mark.parametrize("verdict", [Verdict.BOUNCE, Verdict.COMPLAINT, Verdict.OTHER])
    def test_reports_and_what_is_nothing_known_are_not_its_affair(self, verdict: InboundMessage.Verdict) -> None:
        sent()
        row = answered(verdict)
        router.route_round(TUESDAY)
        assert again(row).state == State.WAITING
        assert not Suppression.objects.exists()

    def test_a_ticket_waits_for_a_person_and_holds(self) -> None:
        sent()
        row = answered(Verdict.AUTO_REPLY, "ticket_ack")
        assert router.route_round(TUESDAY) == {"routed": 0, "left": 1}
        assert again(row).state == State.WAITING
        assert Hold.objects.get().reason == Hold.Reason.MACHINE

    def test_whoever_has_left_is_stopped_at_once_and_a_person_looks(self) -> None:
        sent()
        row = answered(Verdict.AUTO_REPLY, "left_company")
        router.route_round(TUESDAY)
        assert Suppression.objects.get().reason == SuppressionReason.LEFT_COMPANY
        assert again(row).state == State.WAITING

    def test_that_somebody_has_left_is_not_believed_of_anybody(self) -> None:
        sent()
        answered(Verdict.AUTO_REPLY, "left_company", message=None, matched_by=InboundMessage.Match.SENDER)
        router.route_round(TUESDAY)
        assert not Suppression.objects.exists()
        assert is_held(ada())

    def test_a_receipt_means_nothing(self) -> None:
        sent()
        row = answered(Verdict.AUTO_REPLY, "read_receipt", of=ada())
        router.route_round(TUESDAY)
        assert again(row).state == State.ROUTED
        assert passage().state == Enrollment.State.ACTIVE
        assert passage().paused_at is None

    def test_a_mail_that_cannot_be_dealt_with_keeps_none_of_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent(people=2)
        broken, fine = (answered(Verdict.AUTO_REPLY, "ooo", of=contact) for contact in Contact.objects.all())
        draw = consequences.draw

        def draw_but_one(row: InboundMessage, *given: Any, **more: Any) -> None:
            draw(row, *given, **more)
            if row.pk == broken.pk:
                raise ValueError("nobody thought of this")

        monkeypatch.setattr(consequences, "draw", draw_but_one)
        assert router.route_round(TUESDAY) == {"routed": 1, "left": 1}
        assert (again(broken).state, again(broken).looked_at) == (State.WAITING, TUESDAY)
        assert again(fine).state == State.ROUTED
        assert Enrollment.objects.filter(paused_at=None).get().contact == broken.contact


class TestAPerson:
    @pytest.mark.parametrize("role", ["cro", "sales_ops", "rep"])
    def test_who_talks_to_people_says_what_it_is(self, role: str) -> None:
        sent()
        row = answered(Verdict.OTHER)
        by = UserFactory(role=role)
        said = say(row, "positive/interest", by)
        assert (said.state, said.verdict, said.subclass) == (State.ROUTED, "positive", "interest")
        assert (said.decided_by, said.decided_at) == (f"user:{by.pk}", TUESDAY)
        assert passage().exit_reason == ExitReason.REPLIED_POSITIVE

    @pytest.mark.parametrize("role", ["content", "cmo", "legal", "chief_of_staff"])
    def test_nobody_else(self, role: str) -> None:
        sent()
        row = answered(Verdict.OTHER)
        with pytest.raises(Refused) as refused:
            say(row, "positive", UserFactory(role=role))
        assert refused.value.codes == ("not_permitted",)

    def test_the_class_alone_keeps_what_the_machine_saw_in_it(self) -> None:
        sent()
        row = answered(Verdict.NEGATIVE, "wrong_person", confidence=UNSURE, permanent=True)
        said = say(row, "negative")
        assert (said.subclass, said.permanent) == ("wrong_person", True)

    def test_another_class_does_not(self) -> None:
        sent()
        row = answered(Verdict.NEGATIVE, "not_interested", confidence=UNSURE, permanent=True)
        said = say(row, "neutral/not_now")
        assert (said.subclass, said.permanent) == ("not_now", False)

    def test_a_machine_is_out_of_office_unless_they_say_more(self) -> None:
        sent()
        assert say(answered(Verdict.OTHER), "auto_reply").subclass == "ooo"

    def test_a_class_that_does_not_exist_is_refused(self) -> None:
        sent()
        with pytest.raises(Refused) as refused:
            say(answered(Verdict.OTHER), "friendly")
        assert refused.value.codes == ("unknown_choice",)

    def test_the_log_says_what_it_was_taken_for(self) -> None:
        sent()
        say(answered(Verdict.NEUTRAL, "ack", confidence=UNSURE), "opt_out")
        entry = AuditEntry.objects.get(verb="sequences.inboundmessage.route")
        assert (entry.data["guessed"], entry.data["code"]) == ("neutral", "opt_out")

    def test_every_class_can_be_chosen(self) -> None:
        offered = dict(router.choices())
        assert {name.partition("/")[0] for name in offered} == set(Verdict.values)

    def test_who_was_faster_has_said_it(self) -> None:
        sent()
        row = answered(Verdict.OTHER)
        seen = again(row)
        say(row, "neutral")
        with pytest.raises(Refused) as refused:
            router.say(seen, by=UserFactory(role="rep"), at=TUESDAY, consent=Consent(more={"what": "opt_out"}))
        assert refused.value.codes == ("lost_race",)
        assert not Suppression.objects.exists()


class TestACorrection:
    def routed(self, verdict: InboundMessage.Verdict, subclass: str = "", **more: Any) -> InboundMessage:
        sent()
        row = answered(verdict, subclass, **more)
        router.route_round(TUESDAY)
        InboundMessage.objects.update(taken_at=TUESDAY)
        return again(row)

    def test_what_follows_from_the_new_class_is_drawn(self) -> None:
        row = self.routed(Verdict.NEUTRAL, "ack")
        correct(row, "opt_out")
        assert Suppression.objects.get().reason == SuppressionReason.REPLIED

    def test_the_desk_takes_it_up_again(self) -> None:
        row = self.routed(Verdict.NEUTRAL, "ack")
        said = correct(row, "positive/question")
        assert (said.verdict, said.taken_at) == ("positive", None)
        assert passage().exit_reason == ExitReason.REPLIED_POSITIVE

    def test_no_stop_is_taken_back(self) -> None:
        row = self.routed(Verdict.OPT_OUT)
        correct(row, "neutral")
        assert Suppression.objects.filter(lift=None).count() == 1

    def test_whoever_has_left_the_sequence_is_not_brought_back(self) -> None:
        row = self.routed(Verdict.POSITIVE)
        correct(row, "neutral")
        assert passage().state == Enrollment.State.EXITED

    def test_who_is_not_away_goes_on(self) -> None:
        row = self.routed(Verdict.AUTO_REPLY, "ooo")
        assert passage().paused_at is not None
        correct(row, "neutral/ack")
        assert passage().paused_at is None

    def test_another_day_back_is_a_correction(self) -> None:
        row = self.routed(Verdict.AUTO_REPLY, "ooo")
        correct(row, "auto_reply/ooo", back_on=(TUESDAY + timedelta(days=20)).date().isoformat())
        later = passage().paused_until
        correct(row, "auto_reply/ooo", back_on=(TUESDAY + timedelta(days=2)).date().isoformat())
        sooner = passage().paused_until
        assert later is not None
        assert sooner is not None
        assert TUESDAY < sooner < TUESDAY + timedelta(days=4) < later

    def test_the_same_again_is_none(self) -> None:
        row = self.routed(Verdict.NEUTRAL, "ack")
        with pytest.raises(Refused) as refused:
            correct(row, "neutral/ack")
        assert refused.value.codes == ("same_class",)

    def test_what_waits_is_not_corrected(self) -> None:
        sent()
        (offer,) = offers(answered(Verdict.OTHER), [router.ACTS[1]], UserFactory(role="rep"))
        assert [refusal.code for refusal in offer.refusals] == ["wrong_state"]


def test_a_day_of_answers_keeps_every_promise() -> None:
    sent(people=4)
    first, second, third, fourth = Contact.objects.order_by("pk")
    answered(Verdict.POSITIVE, "interest", of=first)
    answered(Verdict.OPT_OUT, of=second)
    answered(Verdict.AUTO_REPLY, "ooo", of=third)
    answered(Verdict.OTHER, of=fourth)
    router.route_round(TUESDAY)
    pauses.pause_round(TUESDAY)
    assert broken_promises() == {}
