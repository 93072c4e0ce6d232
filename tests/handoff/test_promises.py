"""The promises, asked by a round and by a command: what breaks one opens an incident and may stop everything."""

import json
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from compliance import halts, incidents
from compliance.acts import Consent
from compliance.models import Halt, Incident
from handoff import promises
from sequences.models import Contact, Enrollment, OutboundMessage
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.promises import permitted_again, raw, sent
from tests.sequences.campaign import opt_out

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def strand() -> None:
    """A passage that nothing will move: grave, but no mail that should not go."""
    Enrollment.objects.update(due_at=None)


def mail_after_stop() -> None:
    """The gravest."""
    opt_out(Contact.objects.get().address)
    permitted_again()


def close_all() -> None:
    for row in Incident.objects.exclude(state="closed"):
        review = Consent(more={"review": "Seen."})
        seen = incidents.record_review(row, by=UserFactory(role="legal"), at=TUESDAY, consent=review)
        said = Consent(more={"cause": "A fault.", "remedy": "A repair."})
        incidents.close(seen, by=UserFactory(role="cro"), at=TUESDAY, consent=said)


def uncounted() -> None:
    """One more permission leaves no trace for the caps, which is of the gravest too."""
    raw("DELETE FROM compliance_touch WHERE order_no = (SELECT MIN(order_no) FROM compliance_touch)")


def delete_the_message() -> None:
    raw("DELETE FROM sequences_attempt")
    raw("DELETE FROM sequences_outboundmessage")


def start_again() -> None:
    """Two people, while the incident still waits for its review."""
    asker, other = UserFactory(role="sales_ops"), UserFactory(role="legal")
    for row in halts.standing().values():
        asking = halts.ask_start(row, by=asker, at=TUESDAY, consent=Consent("It was looked at."))
        halts.confirm_start(asking, by=other, at=TUESDAY, consent=Consent("It was."))


def asked(*flags: str) -> tuple[int, str]:
    """The exit code and what was printed."""
    out = StringIO()
    try:
        call_command("invariants", *flags, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


class TestTheRound:
    def test_nothing_follows_while_all_is_well(self) -> None:
        sent()
        assert promises.promises_round(TUESDAY) == {"broken": 0}
        assert not Incident.objects.exists()

    def test_what_breaks_one_opens_a_sev2(self) -> None:
        sent()
        strand()
        assert promises.promises_round(TUESDAY) == {"broken": 1}
        row = Incident.objects.get()
        assert (row.kind, row.severity) == (Incident.Kind.PROMISE_BROKEN, Incident.Severity.SEV2)
        assert row.facts["first"] == [f"passage {Enrollment.objects.get().pk}"]
        assert not Halt.objects.exists()

    def test_mail_after_a_stop_is_a_sev1_and_everything_stands_still(self) -> None:
        sent()
        mail_after_stop()
        promises.promises_round(TUESDAY)
        assert Incident.objects.filter(severity=1, facts__invariant="sends_after_stop").exists()
        assert halts.EVERYTHING in halts.standing()

    def test_a_message_that_was_deleted_by_hand_stops_everything_too(self) -> None:
        sent()
        delete_the_message()
        promises.promises_round(TUESDAY)
        assert Incident.objects.filter(severity=1, facts__invariant="messages_gone").exists()
        assert halts.EVERYTHING in halts.standing()

    def test_each_such_message_has_an_incident_of_its_own_too(self) -> None:
        sent()
        mail_after_stop()
        promises.promises_round(TUESDAY)
        assert Incident.objects.get(kind="sent_after_stop").severity == 2

    def test_a_second_round_opens_nothing_more(self) -> None:
        sent()
        strand()
        promises.promises_round(TUESDAY)
        assert promises.promises_round(TUESDAY) == {"broken": 0}

    def test_what_breaks_while_it_is_open_belongs_to_it(self) -> None:
        sent(people=2)
        first, second = Enrollment.objects.order_by("pk")
        Enrollment.objects.filter(pk=first.pk).update(due_at=None)
        promises.promises_round(TUESDAY)
        Enrollment.objects.filter(pk=second.pk).update(due_at=None)
        assert promises.promises_round(TUESDAY) == {"broken": 0}

    def test_nor_does_it_after_the_incident_was_closed(self) -> None:
        sent()
        mail_after_stop()
        promises.promises_round(TUESDAY)
        close_all()
        assert promises.promises_round(TUESDAY) == {"broken": 0}

    def test_but_what_is_new_does(self) -> None:
        sent(people=2)
        first, second = Enrollment.objects.order_by("pk")
        Enrollment.objects.filter(pk=first.pk).update(due_at=None)
        promises.promises_round(TUESDAY)
        close_all()
        Enrollment.objects.filter(pk=second.pk).update(due_at=None)
        assert promises.promises_round(TUESDAY) == {"broken": 1}

    def test_what_is_new_waits_for_the_incident_that_is_open(self) -> None:
        sent(people=2)
        Enrollment.objects.filter(pk=Enrollment.objects.order_by("pk")[0].pk).update(due_at=None)
        promises.promises_round(TUESDAY)
        strand()
        assert promises.promises_round(TUESDAY) == {"broken": 0}

    def test_but_the_gravest_stops_what_two_people_have_started_again(self) -> None:
        sent(people=2)
        uncounted()
        promises.promises_round(TUESDAY)
        start_again()
        assert (promises.promises_round(TUESDAY), halts.standing()) == ({"broken": 0}, {})
        uncounted()
        assert promises.promises_round(TUESDAY) == {"broken": 1}
        assert list(halts.standing()) == [halts.EVERYTHING]

    def test_it_stands_in_the_timetable_every_quarter_of_an_hour(self) -> None:
        (seconds,) = (each for _name, verb, each in settings.ROUNDS if verb.endswith(".promises_round"))
        assert seconds == 900


class TestTheCommand:
    def test_it_ends_with_0_when_every_promise_holds(self) -> None:
        sent()
        code, said = asked()
        assert code == 0
        assert "every promise holds" in said

    def test_it_prints_guarantee_sentence_query_and_count(self) -> None:
        _code, said = asked()
        assert "0  G1  Nothing passed the door after a stop" in said
        assert "SELECT d.ref AS key FROM compliance_suppression s" in said

    def test_it_ends_with_1_when_one_does_not(self) -> None:
        sent()
        raw("UPDATE sequences_outboundmessage SET state = 'lost'")
        code, said = asked()
        assert code == 1
        assert "NOT every promise holds" in said

    def test_as_json_it_is_one_object(self) -> None:
        sent()
        OutboundMessage.objects.update(ref="around/1")
        code, said = asked("--json")
        told = json.loads(said)
        assert (code, told["holds"]) == (1, False)
        counts = {one["name"]: one["count"] for one in told["invariants"]}
        assert counts["sent_without_clearance"] == 1
        assert set(told["invariants"][0]) == {"guarantee", "name", "says", "count", "sql"}
        assert {"G1", "G2", "G3", "G4", "G5", "G6", "G7", "G9", "G10"} <= {
            one["guarantee"] for one in told["invariants"]
        }
