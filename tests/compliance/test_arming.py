"""A database may send from a host whose journal knows it, and only while it lacks nothing of that journal."""

from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from compliance import arming, clearance, faults, installation, journal, lifting, locks
from compliance.acts import Consent, perform
from compliance.arming import NotArmed
from compliance.models import AuditEntry, Decision, Installation, Lift, OptIn, Purpose, Suppression, Touch
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.transitions import NotPermitted
from tests.cast import TUESDAY
from tests.compliance.asking import ADA, ask, clear, everything, opted_in, stop, stopped
from tests.compliance.forgetting import back_to, set_counter
from tests.factories import UserFactory, armed, playbook_loaded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere, pytest.mark.usefixtures("_a_playbook")]
ELSEWHERE = "smtp.provider.example"
BOB = "bob@pumps.example.com"
ACTS = {act.arrow: act for act in arming.ACTS}


@pytest.fixture
def _a_playbook(ledger_rules: None) -> None:
    playbook_loaded()


def code() -> str:
    found = arming.fault(TUESDAY)
    return found.code if found else ""


def row() -> Installation:
    return Installation.objects.get()


def act(arrow: str, by: User | None = None) -> None:
    by = by or UserFactory(role="chief_of_staff")
    perform(row(), ACTS[arrow], by=by, at=TUESDAY, consent=Consent("Restored from last night."))


def drawn() -> int:
    with transaction.atomic():
        return locks.draw_order(1)[0]


class TestWhoMaySend:
    def test_one_that_was_armed_here_may(self) -> None:
        armed()
        assert code() == ""

    def test_one_that_was_never_set_up_may_not(self) -> None:
        assert code() == "not_set_up"

    def test_a_host_without_a_journal_may_not(self, settings: Settings, tmp_path: Path) -> None:
        armed()
        settings.STATE_DIR = tmp_path / "another host"
        assert code() == "never_armed_here"
        assert row().state == Installation.State.ARMED

    def test_a_journal_of_another_installation_disarms(self) -> None:
        armed()
        journal.born(uuid4(), "elsewhere", TUESDAY)
        assert code() == "another_journal"
        assert row().state == Installation.State.DISARMED

    def test_a_database_at_another_address_was_not_armed_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        armed()
        monkeypatch.setitem(connection.settings_dict, "NAME", "a_clone")
        assert code() == "database_moved"

    def test_a_disarmed_one_may_not_and_says_why(self) -> None:
        armed()
        act("disarm")
        assert code() == "disarmed"
        assert "Restored from last night." in str(arming.fault(TUESDAY))

    def test_a_journal_that_cannot_be_read_means_no(self) -> None:
        armed()
        (journal.folder() / "2027-01.jsonl").mkdir()
        assert code() == "journal_unavailable"


class TestAnOlderCopy:
    def test_is_known_by_its_counter(self) -> None:
        clear(ask())
        set_counter(0)
        assert (arming.look() or arming.NotArmed).code == "behind_journal"  # type: ignore[union-attr]

    def test_is_known_by_what_it_lacks_even_if_its_counter_ran_ahead(self) -> None:
        clear(ask())
        before = drawn()
        stop(BOB)
        back_to(before)
        set_counter(before + 33)
        assert arming.look() is None
        assert code() == "behind_journal"

    def test_stays_disarmed_when_later_numbers_have_overtaken_the_journal(self) -> None:
        stop_after_arming()
        back_to(0)
        assert code() == "behind_journal"
        set_counter(1000)
        assert code() == "disarmed"
        entry = AuditEntry.objects.get(verb="compliance.installation.disarm")
        assert (entry.actor, bool(entry.reason)) == ("system", True)

    def test_lets_nothing_through_the_door_and_draws_no_number(self) -> None:
        clear(ask())
        question = ask(BOB, "2/1")
        back_to(0)
        with pytest.raises(NotArmed, match="behind_journal"):
            clearance.clear([question], at=TUESDAY, confirm=everything)
        assert not Decision.objects.exists()
        assert drawn() <= 2
        assert row().state == Installation.State.DISARMED


class TestArming:
    def test_brings_back_every_stop(self) -> None:
        first = stop_after_arming()
        back_to(0)
        assert not stopped(ADA)
        act("arm")
        assert stopped(ADA)
        again = Suppression.objects.get()
        assert (again.reason, again.strength, again.source) == (first.reason, first.strength, "journal")
        assert again.evidence["journal"] == [first.order_no, first.at.isoformat()]
        assert again.order_no > first.order_no
        assert code() == ""

    def test_brings_back_what_was_cleared(self) -> None:
        (ruling,) = clear(ask(account="account:7"))
        touch = Touch.objects.get()
        back_to(0)
        act("arm")
        assert (Decision.objects.get().code, Decision.objects.get().person) == ("replayed", ruling.ask.person)
        again = Touch.objects.get()
        for column in ("ref", "person", "account", "domain", "mailbox", "opening", "at"):
            assert getattr(again, column) == getattr(touch, column), column
        assert code() == ""

    def test_what_was_cleared_counts_against_the_caps_again(self) -> None:
        question = ask()
        clear(question)
        back_to(0)
        act("arm")
        assert [found.code for found in clear(ask(ref="9/1"))] == ["person_cap"]

    def test_brings_back_a_lift_with_its_opt_in(self) -> None:
        armed()
        told = stop()
        request = lifting.ask(told, opted_in(ADA), "Their form", by=UserFactory(role="sales_ops"), at=TUESDAY)
        lifting.confirm(request, by=UserFactory(role="legal"), at=TUESDAY, consent=Consent("Seen."))
        back_to(0)
        act("arm")
        assert not stopped(ADA)
        lift, opt_in = Lift.objects.get(), OptIn.objects.get()
        assert lift.opt_in == opt_in
        assert lift.order_no > opt_in.order_no > Suppression.objects.get().order_no

    def test_twice_brings_nothing_back_twice(self) -> None:
        stop_after_arming()
        clear(ask(BOB, "2/1"))
        for _time in range(2):
            back_to(0)
            assert code() in {"behind_journal", "disarmed"}
            act("arm")
        assert (Suppression.objects.count(), Decision.objects.count()) == (1, 1)
        act("disarm")
        act("arm")
        assert (Suppression.objects.count(), Decision.objects.count()) == (1, 1)

    def test_a_stop_taken_after_the_restore_keeps_its_number_beside_the_lost_one(self) -> None:
        stop_after_arming()
        back_to(0)
        stop(BOB)
        act("arm")
        assert stopped(ADA)
        assert stopped(BOB)
        assert code() == ""

    def test_raises_the_counter_above_the_journal(self) -> None:
        stop_after_arming()
        highest = journal.highest()
        back_to(0)
        act("arm")
        assert drawn() > highest

    def test_makes_the_journal_of_another_host(self, settings: Settings, tmp_path: Path) -> None:
        armed()
        settings.STATE_DIR = tmp_path / "another host"
        act("arm")
        assert (journal.instance(), code()) == (row().instance, "waits_for_hosts")

    def test_follows_a_database_that_has_moved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        armed()
        monkeypatch.setattr(faults, "place", lambda: "moved")
        act("arm")
        assert code() == ""

    def test_is_refused_where_the_journal_is_anothers(self) -> None:
        armed()
        journal.born(uuid4(), "elsewhere", TUESDAY)
        with pytest.raises(Refused) as refused:
            act("arm")
        assert refused.value.codes == ("another_journal",)

    def test_is_refused_when_there_is_no_need(self) -> None:
        armed()
        with pytest.raises(Refused) as refused:
            act("arm")
        assert refused.value.codes == ("armed_already",)

    @pytest.mark.parametrize("role", ["content", "cmo", "cro", "sales_ops", "rep"])
    def test_takes_a_role_that_answers_for_the_whole(self, role: str) -> None:
        armed()
        act("disarm")
        with pytest.raises(Refused) as refused:
            act("arm", UserFactory(role=role))
        assert refused.value.codes == ("not_permitted",)

    def test_is_never_done_by_the_installation_itself(self) -> None:
        armed()
        act("disarm")
        with pytest.raises(NotPermitted):
            arming.arm(row(), by=SYSTEM, at=TUESDAY, consent=Consent("…"))

    def test_is_kept_in_the_log_with_who_and_why(self) -> None:
        stop_after_arming()
        back_to(0)
        by = UserFactory(role="legal")
        act("arm", by)
        entry = AuditEntry.objects.get(verb="compliance.installation.arm")
        assert (entry.actor, entry.reason) == (f"user:{by.pk}", "Restored from last night.")
        assert entry.data["stops"] == 1


class TestWhatMayBeReached:
    def test_an_armed_production_database_reaches_other_machines(self) -> None:
        armed(Purpose.PRODUCTION)
        assert arming.may_reach(ELSEWHERE)

    @pytest.mark.parametrize("purpose", [Purpose.STAGING, Purpose.DEMO, Purpose.TEST])
    def test_nothing_else_does(self, purpose: Purpose) -> None:
        armed(purpose)
        assert not arming.may_reach(ELSEWHERE)
        assert not arming.may_tell_staff(ELSEWHERE)

    def test_a_copy_without_the_journal_of_the_host_reaches_nobody(self, settings: Settings, tmp_path: Path) -> None:
        armed(Purpose.PRODUCTION)
        settings.STATE_DIR = tmp_path / "staging"
        assert not arming.may_reach(ELSEWHERE)
        assert not arming.may_tell_staff(ELSEWHERE)

    def test_a_disarmed_one_may_still_tell_staff(self) -> None:
        armed(Purpose.PRODUCTION)
        act("disarm")
        assert not arming.may_reach(ELSEWHERE)
        assert arming.may_tell_staff(ELSEWHERE)

    def test_this_machine_may_always_be_reached(self) -> None:
        installation.mark(Purpose.STAGING, at=TUESDAY)
        assert arming.may_reach("127.0.0.1")


def stop_after_arming() -> Suppression:
    armed()
    return stop()
