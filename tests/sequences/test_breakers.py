"""Breakers: what is counted, when it trips, what stands still then, and what starting again forgets."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from compliance import halts, verdicts
from compliance.acts import Consent
from compliance.models import Decision, Halt, Incident, Outcome
from sequences import breakers, lists
from sequences.breakers import dead_list, dead_mailbox, judge_domain
from sequences.models import Mailbox, MessageEvent, OutboundMessage, RecipientList
from tests.cast import TUESDAY
from tests.factories import UserFactory, having_read, playbook_loaded
from tests.sequences.campaign import EVERY_DAY, PLENTY, State, broken_promises, play, under_way
from tests.sequences.scripted_smtp import Act, ScriptedServer, say

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NOBODY = say("550 5.1.1 no such user")
OK = Act("250 2.1.5 ok")


@pytest.fixture(autouse=True)
def _nothing_else_holds_mail(db: None) -> None:
    playbook_loaded(caps=PLENTY, windows=[{"zone": "*", **EVERY_DAY}])


def dead_every(tenth: int, of: int) -> Iterator[Act]:
    """A server at which each `tenth` recipient does not exist."""
    return (NOBODY if number % tenth == tenth - 1 else OK for number in range(of))


def start_again(scope: str, at: datetime) -> None:
    """Two people, as it must be."""
    for row in Halt.objects.filter(scope=scope).exclude(state="lifted"):
        asked = halts.ask_start(row, by=UserFactory(role="cro"), at=at, consent=Consent("The dead are out."))
        halts.confirm_start(asked, by=UserFactory(role="legal"), at=at, consent=Consent("I have looked."))


def tell(message: OutboundMessage, kind: str, at: datetime = TUESDAY) -> None:
    """News stored without its consequences."""
    MessageEvent.objects.create(message=message, kind=kind, at=at, source="test", digest=f"{kind}{message.pk}{at}")


def halted() -> dict[str, str]:
    return dict(Halt.objects.exclude(state="lifted").values_list("scope", "code"))


class TestJudgement:
    @pytest.mark.parametrize(
        ("dead", "of", "stops"), [(4, 50, False), (5, 50, True), (5, 5, True), (0, 50, False), (4, 4, False)]
    )
    def test_five_dead_among_the_first_fifty_stop_a_list(self, dead: int, of: int, stops: bool) -> None:
        assert dead_list(dead, of) is stops

    @pytest.mark.parametrize(
        ("dead", "of", "stops"), [(4, 200, False), (5, 200, True), (1, 50, False), (2, 50, True), (10, 49, False)]
    )
    def test_more_than_two_in_a_hundred_stop_a_mailbox(self, dead: int, of: int, stops: bool) -> None:
        assert dead_mailbox(dead, of) is stops

    @pytest.mark.parametrize(
        ("complaints", "accepted", "said"),
        [(1, 10, ""), (2, 10_000, ""), (2, 2000, "warn"), (2, 667, "warn"), (2, 666, "stop"), (2, 0, "stop")],
    )
    def test_a_domain_is_judged_by_its_rate_of_a_day(self, complaints: int, accepted: int, said: str) -> None:
        assert judge_domain(complaints, accepted) == said


class TestBounces:
    def test_a_list_with_a_tenth_of_dead_addresses_stops_by_message_fifty(self) -> None:
        with ScriptedServer({"rcpt": list(dead_every(10, 100))}) as server:
            row = under_way(server.port, people=100)
            play()
            spoken_to = sum(verb == "rcpt" for verb in server.verbs)
        assert OutboundMessage.objects.filter(state=State.REJECTED).count() == 5
        assert spoken_to <= 50
        mailbox = Mailbox.objects.get().key
        assert halted() == {row.key: "bounces", mailbox: "bounces"}
        incident = Incident.objects.get(facts__scope=row.key)
        assert (incident.kind, incident.severity, incident.facts["bad"]) == ("bounces", 2, 5)
        assert broken_promises() == {}

    def test_the_door_holds_what_follows_before_any_halt_is_placed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(breakers, "trip", lambda scopes, at: [])
        with ScriptedServer({"rcpt": [NOBODY] * 5}) as server:
            under_way(server.port, people=7)
            assert play() == {"rejected": 5, "breaker": 2}
        assert not Halt.objects.exists()
        assert broken_promises() == {}

    def test_a_list_that_stopped_is_not_even_tried(self) -> None:
        with ScriptedServer({"rcpt": [NOBODY] * 5}) as server:
            under_way(server.port, people=7)
            assert play() == {"rejected": 5, "halted": 2}
            assert server.verbs.count("rcpt") == 5

    def test_two_people_start_it_and_the_cro_signs_again(self) -> None:
        with ScriptedServer({"rcpt": [NOBODY] * 5}) as server:
            row = under_way(server.port, people=8)
            play()
            later = TUESDAY + 2 * timedelta(hours=1)
            start_again(row.key, later)
            play(later)
            assert set(OutboundMessage.objects.filter(state=State.PLANNED).values_list("reason", flat=True)) == {
                "sign_again"
            }
            signing = later + MINUTE
            row = RecipientList.objects.get()
            cro = UserFactory(role="cro")
            lists.sign(row, by=cro, at=signing, consent=having_read(row, cro, signing, "Looked at each."))
            play(signing)
        assert OutboundMessage.objects.filter(state=State.ACCEPTED).count() == 3
        assert broken_promises() == {}

    def test_what_came_before_the_start_does_not_stop_it_again(self) -> None:
        with ScriptedServer({"rcpt": [NOBODY] * 5}) as server:
            row = under_way(server.port, people=5)
            play()
        later = TUESDAY + DAY
        start_again(row.key, later)
        assert breakers.tripped([row.key], later) == []
        assert breakers.trip_round(TUESDAY + MINUTE) == {"tripped": 0}

    def test_a_bounce_that_is_told_later_counts_once_with_the_rejections(self) -> None:
        with ScriptedServer({"rcpt": [NOBODY] * 4}) as server:
            row = under_way(server.port, people=6)
            play()
        dead = OutboundMessage.objects.filter(state=State.REJECTED)[0]
        tell(dead, "hard_bounce")
        assert breakers.tripped([row.key], TUESDAY) == []
        tell(OutboundMessage.objects.filter(state=State.ACCEPTED)[0], "hard_bounce")
        (trip,) = breakers.tripped([row.key], TUESDAY)
        assert (trip.code, trip.bad, trip.of) == ("bounces", 5, 6)

    def test_a_full_mailbox_is_no_dead_address(self) -> None:
        with ScriptedServer({"rcpt": say("552 5.2.2 mailbox full")}) as server:
            row = under_way(server.port, people=6)
            play()
        assert OutboundMessage.objects.filter(state=State.REJECTED).count() == 6
        assert breakers.tripped([row.key], TUESDAY) == []

    def test_a_mailbox_stops_over_several_lists(self) -> None:
        rcpt = [OK] * 24 + [NOBODY] + [OK] * 24 + [NOBODY]
        with ScriptedServer({"rcpt": rcpt}) as server:
            for _list in range(2):
                under_way(server.port, people=25)
                play()
        mailbox = OutboundMessage.objects.first().mailbox  # type: ignore[union-attr]
        assert halted() == {mailbox.key: "bounces"}


class TestComplaints:
    def accepted(self, people: int = 3) -> list[OutboundMessage]:
        with ScriptedServer() as server:
            under_way(server.port, people=people)
            play()
        return list(OutboundMessage.objects.order_by("pk"))

    def test_two_in_a_week_stop_list_mailbox_and_domain(self) -> None:
        first, second, *_rest = self.accepted()
        tell(first, "complaint")
        assert breakers.trip_round(TUESDAY) == {"tripped": 0}
        tell(second, "complaint")
        assert breakers.trip_round(TUESDAY + MINUTE) == {"tripped": 3}
        assert halted() == dict.fromkeys(breakers.scopes_of(first), "complaints")

    def test_a_second_round_opens_nothing_more(self) -> None:
        for row in self.accepted()[:2]:
            tell(row, "complaint")
        breakers.trip_round(TUESDAY)
        assert breakers.trip_round(TUESDAY + MINUTE) == {"tripped": 0}
        assert Incident.objects.count() == 3

    def test_two_about_one_message_are_one(self) -> None:
        row = self.accepted()[0]
        tell(row, "complaint")
        tell(row, "complaint", TUESDAY + MINUTE)
        assert breakers.tripped(breakers.scopes_of(row), TUESDAY + MINUTE) == []

    def test_one_of_last_week_is_forgotten(self) -> None:
        first, second, *_rest = self.accepted()
        tell(first, "complaint", TUESDAY)
        tell(second, "complaint", TUESDAY + 8 * DAY)
        assert breakers.tripped(breakers.scopes_of(first), TUESDAY + 8 * DAY) == []

    def test_a_rate_near_the_limit_warns_and_stops_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(breakers, "_STOP_AT", 0.9)
        first, second, *_rest = self.accepted()
        for row in (first, second):
            tell(row, "complaint")
        domain = f"sending-domain:{first.mailbox.domain}"
        (incident,) = breakers.trip([domain], TUESDAY)
        assert incident.severity == Incident.Severity.SEV3
        assert halted() == {}

    def test_the_door_says_what_it_counted(self) -> None:
        first, second, *_rest = self.accepted()
        for row in (first, second):
            tell(row, "complaint")
        with ScriptedServer() as server:
            Mailbox.objects.update(port=server.port)
            under_way(people=1)
            assert play() == {}
            assert OutboundMessage.objects.get(state=State.PLANNED).reason == "breaker"
            assert play(TUESDAY + timedelta(hours=1)) == {"breaker": 1}
        last = Decision.objects.latest("pk")
        assert (last.outcome, last.code) == (Outcome.DEFER, "breaker")
        (said,) = (one for one in verdicts.read(last.verdicts) if one["rule"] == "BreakersHold")
        assert said["why"] == {"scope": first.mailbox.key, "limit": "complaints", "bad": 2, "of": 2}
