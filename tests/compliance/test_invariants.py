"""The ledger's promises: each query finds what breaks it, and nothing while all is well."""

from uuid import UUID, uuid4

import pytest
from django.db import connection

from compliance import addresses, halts, invariants, persons, sealer, suppression
from compliance.invariants import (
    EVERY_PERMISSION_COUNTS,
    LIFTED_BY_ONE,
    PASSED_A_HALT,
    PERMITTED_AGAINST_A_RULE,
    SEALS_MISSING,
    SENDS_AFTER_STOP,
    STARTED_BY_ONE,
    STOPS_THAT_MATCH_NOBODY,
    sent_after_stop,
)
from compliance.models import (
    AuditEntry,
    AuditSeal,
    Decision,
    Halt,
    Lift,
    OptIn,
    Suppression,
    SuppressionReason,
    Touch,
)
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from sequences.invariants import PASSED_A_HALTED_LIST
from sequences.models import Contact
from tests.cast import TUESDAY
from tests.factories import card_of
from tests.promises import broken, permitted_again, raw, sent, unchecked
from tests.sequences.campaign import opt_out

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def stop_of_company(account: str) -> None:
    """A stop for everybody at a company, by its key alone."""
    suppression.stop_company(account, [], Stop(SuppressionReason.BY_HAND), by=SYSTEM, at=TUESDAY)


def test_a_played_campaign_keeps_every_promise() -> None:
    sent(people=3)
    opt_out(Contact.objects.order_by("pk")[0].address)
    assert len(invariants.declared()) >= 20
    assert broken() == {}


def test_every_promise_says_what_it_is() -> None:
    for one in invariants.declared():
        assert one.guarantee
        assert str(one.says).endswith(".")


class TestStops:
    def test_a_message_cleared_after_a_stop_is_found(self) -> None:
        sent()
        opt_out(Contact.objects.get().address)
        assert SENDS_AFTER_STOP.count() == 0
        row = permitted_again()
        assert SENDS_AFTER_STOP.count() == 1
        assert SENDS_AFTER_STOP.run() == [row.ref]

    def test_so_is_one_to_another_spelling_of_the_address(self) -> None:
        sent()
        opt_out(Contact.objects.get().address.upper().replace("@", "+news@"))
        permitted_again()
        assert SENDS_AFTER_STOP.count() == 1

    def test_so_is_one_found_by_the_person_alone(self) -> None:
        sent()
        opt_out(Contact.objects.get().address)
        permitted_again(card=0)
        assert SENDS_AFTER_STOP.count() == 1

    def test_so_is_one_to_a_person_who_had_stopped_us_under_another_name(self) -> None:
        sent()
        other = card_of("ada@private.example.net")
        opt_out("ada@private.example.net")
        person = Contact.objects.get().card.person_id
        persons.merge(person, other.person_id, by=SYSTEM, at=TUESDAY, reason="the same")
        assert SENDS_AFTER_STOP.count() == 0
        permitted_again()
        assert SENDS_AFTER_STOP.count() == 1

    def test_a_stop_for_the_domain_finds_who_is_at_it(self) -> None:
        sent()
        domain = addresses.parse(Contact.objects.get().address).domain
        suppression.stop_domain(domain, Stop(SuppressionReason.BY_HAND), by=SYSTEM, at=TUESDAY)
        permitted_again()
        assert SENDS_AFTER_STOP.count() == 1

    def test_but_not_the_same_person_elsewhere(self) -> None:
        sent()
        person = Contact.objects.get().card.person_id
        home = card_of("ada@home.example.net")
        persons.merge(person, home.person_id, by=SYSTEM, at=TUESDAY, reason="the same")
        suppression.stop_domain("home.example.net", Stop(SuppressionReason.BY_HAND), by=SYSTEM, at=TUESDAY)
        permitted_again()
        assert SENDS_AFTER_STOP.count() == 0

    def test_a_stop_for_the_company_finds_its_people(self) -> None:
        sent()
        stop_of_company(Touch.objects.get().account)
        permitted_again()
        assert SENDS_AFTER_STOP.count() == 1

    def test_a_stop_lifted_before_the_permission_is_none(self) -> None:
        sent()
        opt_out(Contact.objects.get().address)
        row = permitted_again()
        stop = Suppression.objects.get()
        consent = OptIn.objects.create(
            order_no=stop.order_no + 1,
            at=TUESDAY,
            person=stop.person or UUID(int=0),
            digest="",
            way="form",
            wording="",
            source="",
            recorded_by="user:1",
        )
        lift = {"stop": stop, "strength": stop.strength, "opt_in": consent, "reason": "asked", "at": TUESDAY}
        two = {"entered_by": "user:1", "entered_person": "a", "confirmed_by": "user:2", "confirmed_person": "b"}
        made = Lift.objects.create(order_no=row.order_no - 1, **lift, **two)
        assert SENDS_AFTER_STOP.count() == 0
        raw("UPDATE compliance_lift SET order_no = %s WHERE id = %s", row.order_no + 1, made.pk)
        assert SENDS_AFTER_STOP.count() == 1

    def test_a_refusal_after_a_stop_is_no_message(self) -> None:
        sent()
        opt_out(Contact.objects.get().address)
        permitted_again(outcome="refuse")
        assert SENDS_AFTER_STOP.count() == 0

    def test_the_numbers_of_stop_and_permission_are_told_for_chosen_messages(self) -> None:
        sent()
        opt_out(Contact.objects.get().address)
        row = permitted_again()
        (late,) = sent_after_stop([row.ref])
        assert late == (row.ref, row.order_no, Suppression.objects.get().order_no)
        assert sent_after_stop(["another/1"]) == []
        assert sent_after_stop([]) == []

    def test_a_stop_without_digests_is_found(self) -> None:
        sent()
        opt_out(Contact.objects.get().address)
        assert STOPS_THAT_MATCH_NOBODY.count() == 0
        raw("DELETE FROM compliance_suppressiondigest")
        assert STOPS_THAT_MATCH_NOBODY.count() == 1

    def test_a_stop_for_a_company_needs_none(self) -> None:
        sent()
        stop_of_company("account:7")
        assert STOPS_THAT_MATCH_NOBODY.count() == 0


class TestTheDoor:
    @pytest.mark.parametrize("said", ["refuse", "defer"])
    def test_a_permission_against_a_rule_is_found(self, said: str) -> None:
        sent()
        verdicts = [{"rule": "A", "outcome": "permit", "why": {}}, {"rule": "B", "outcome": said, "why": {}}]
        permitted_again(verdicts=verdicts)
        assert PERMITTED_AGAINST_A_RULE.count() == 1

    def test_it_is_asked_of_an_index_and_not_of_every_decision(self) -> None:
        sent(people=30)
        explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # Tables of tests are so small that reading them whole would be cheaper.
                cursor.execute("ANALYZE compliance_decision; SET LOCAL enable_seqscan = off")
            cursor.execute(f"{explain} SELECT COUNT(*) FROM ({PERMITTED_AGAINST_A_RULE.sql}) AS broken")  # noqa: S608
            assert "permitted_against_a_rule" in str(cursor.fetchall())

    def test_so_is_one_for_which_no_rule_was_asked(self) -> None:
        sent()
        permitted_again(verdicts=[])
        assert PERMITTED_AGAINST_A_RULE.count() == 1

    def test_a_permission_that_no_cap_counts_is_found(self) -> None:
        sent()
        raw("DELETE FROM compliance_touch")
        assert EVERY_PERMISSION_COUNTS.count() == 1

    def test_so_is_one_that_counts_for_somebody_else(self) -> None:
        sent()
        raw("UPDATE compliance_touch SET person = %s", uuid4().hex)
        assert EVERY_PERMISSION_COUNTS.count() == 1


class TestHalts:
    @pytest.mark.parametrize("everything", [True, False])
    def test_what_passed_a_standing_halt_is_found(self, everything: bool) -> None:
        sent()
        scope = halts.EVERYTHING if everything else Decision.objects.get().mailbox
        halts.place(scope, Halt.Kind.KILL_SWITCH, "Wait.", by=SYSTEM, at=TUESDAY)
        assert PASSED_A_HALT.count() == 0
        permitted_again()
        assert PASSED_A_HALT.count() == 1

    @pytest.mark.parametrize("scope", ["account", "recipient-domain", "a domain above it"])
    def test_what_passed_one_of_whom_it_goes_to_is_found(self, scope: str) -> None:
        sent()
        contact = Contact.objects.get()
        domain = contact.address.partition("@")[2]
        named = {
            "account": contact.company,
            "recipient-domain": f"recipient-domain:{domain}",
            "a domain above it": f"recipient-domain:{domain.partition('.')[2]}",
        }
        halts.place(named[scope], Halt.Kind.KILL_SWITCH, "Wait.", by=SYSTEM, at=TUESDAY)
        assert PASSED_A_HALT.count() == 0
        permitted_again()
        assert PASSED_A_HALT.count() == 1

    @pytest.mark.parametrize("scope", ["account:999", "recipient-domain:elsewhere.example.com"])
    def test_what_went_to_somebody_else_is_not(self, scope: str) -> None:
        sent()
        halts.place(scope, Halt.Kind.KILL_SWITCH, "Wait.", by=SYSTEM, at=TUESDAY)
        permitted_again()
        assert PASSED_A_HALT.count() == 0

    @pytest.mark.parametrize("promise", [PASSED_A_HALT, PASSED_A_HALTED_LIST])
    def test_only_decisions_of_what_stands_still_are_read(self, promise: invariants.Invariant) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("PostgreSQL decides by how many there are")
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {promise.sql}")
            steps = [step for *_numbers, step in cursor.fetchall()]
        assert [step for step in steps if step.startswith("SCAN") and step[5] in "dtaemr"] == []
        assert steps.count("SCAN h") == promise.sql.count("compliance_halt")

    def test_what_passed_another_mailbox_is_not(self) -> None:
        sent()
        halts.place("mailbox:999", Halt.Kind.KILL_SWITCH, "Wait.", by=SYSTEM, at=TUESDAY)
        permitted_again()
        assert PASSED_A_HALT.count() == 0

    def test_a_start_by_one_person_is_found(self) -> None:
        sent()
        row = halts.place(halts.EVERYTHING, Halt.Kind.KILL_SWITCH, "Wait.", by=SYSTEM, at=TUESDAY)
        with unchecked("compliance_halt", "two_people_start"):
            alone = (
                "UPDATE compliance_halt SET state = 'lifted', asked_person = 'a', confirmed_person = 'a' WHERE id = %s"
            )
            raw(alone, row.pk)
            assert STARTED_BY_ONE.count() == 1
            raw("UPDATE compliance_halt SET confirmed_person = 'b' WHERE id = %s", row.pk)
            assert STARTED_BY_ONE.count() == 0

    def test_a_stop_lifted_by_one_person_is_found(self) -> None:
        sent()
        opt_out(Contact.objects.get().address)
        stop = Suppression.objects.get()
        consent = OptIn(
            at=TUESDAY, person=stop.person or UUID(int=0), digest="", way="form", wording="", source="", recorded_by=""
        )
        consent.order_no = stop.order_no + 1
        consent.save(force_insert=True)
        with unchecked("compliance_lift", "lift_needs_opt_in_and_two"):
            made = Lift(stop=stop, strength=stop.strength, opt_in=consent, reason="asked", at=TUESDAY)
            made.order_no, made.entered_by, made.entered_person = stop.order_no + 2, "user:1", "a"
            made.save(force_insert=True)
            assert LIFTED_BY_ONE.count() == 1
            raw("UPDATE compliance_lift SET confirmed_person = 'b'")
            assert LIFTED_BY_ONE.count() == 0


class TestTheChain:
    def test_an_entry_whose_seal_is_gone_is_found(self) -> None:
        sent()
        last = AuditSeal.objects.latest("position").position
        raw("DELETE FROM compliance_auditseal WHERE position = %s", last)
        assert SEALS_MISSING.count() == 1

    def test_a_seal_whose_entry_is_gone_is_found(self) -> None:
        sent()
        last = AuditEntry.objects.latest("pk").pk
        raw("DELETE FROM compliance_auditentry WHERE id = %s", last)
        assert SEALS_MISSING.count() == 1

    def test_a_place_that_was_left_out_is_found(self) -> None:
        sent()
        last = AuditSeal.objects.latest("position").position
        raw("UPDATE compliance_auditseal SET position = position + 7 WHERE position = %s", last)
        assert SEALS_MISSING.run() == [f"gap before {last + 7}"]

    def test_an_entry_that_waits_for_its_seal_is_none(self) -> None:
        sent()
        opt_out(Contact.objects.get().address)
        assert SEALS_MISSING.count() == 0
        assert sealer.unsealed() > 0
