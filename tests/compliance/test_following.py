"""Several hosts, one database: nobody sends before every host has found its journal in it (LAW PIP-14)."""

import logging

import pytest
from django.db import connection

from compliance import arming, hosts, journal, journaling, roster
from compliance.models import AuditEntry, Installation, JournalHost, Suppression
from compliance.refusals import Refused
from tests.cast import TUESDAY
from tests.compliance.asking import ADA, stop, stopped
from tests.compliance.forgetting import back_to
from tests.factories import armed, playbook_loaded
from tests.several_hosts import arm, look, on, take_part

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]
BOB = "bob@pumps.example.com"


def state() -> str:
    return str(Installation.objects.get().state)


def epoch() -> str:
    return str(Installation.objects.get().epoch)


def host(name: str) -> JournalHost:
    with on(name):
        return JournalHost.objects.get(name=hosts.this_host())


def another_life(name: str = "another") -> None:
    """As if the server had been started anew."""
    JournalHost.objects.update(life=name)


@pytest.fixture(autouse=True)
def _two_hosts(ledger_rules: None) -> None:
    playbook_loaded()
    with on("a"):
        armed()
    arm("b")
    assert take_part("a", "b") == ["", ""]


class TestAHostThatJoins:
    def test_begins_a_new_epoch_and_waits_until_the_others_have_noted_it(self) -> None:
        before = epoch()
        arm("c")
        assert epoch() != before
        assert look("c") == "waits_for_hosts"
        assert [look(name) for name in ("a", "b")] == ["new_epoch", "new_epoch"]
        assert take_part("a", "b", "c") == ["waits_for_hosts", "", ""]
        assert [look(name) for name in ("a", "b", "c")] == ["", "", ""]

    def test_is_known_to_every_journal(self) -> None:
        with on("a"):
            assert journal.known().hosts == {host("a").name, host("b").name}
            assert journal.known().epoch == epoch()

    def test_that_the_restored_database_does_not_know_disarms_it_for_all(self) -> None:
        JournalHost.objects.filter(pk=host("b").pk).delete()
        assert take_part("b") == ["unknown_host"]
        assert (state(), look("a")) == (Installation.State.DISARMED, "disarmed")

    def test_is_waited_for_again_by_whoever_heard_of_it(self) -> None:
        JournalHost.objects.filter(pk=host("b").pk).delete()
        take_part("b")
        arm("a")
        assert look("a") == "waits_for_hosts"
        assert take_part("b", "a") == ["", ""]


class TestAnOlderCopy:
    def test_is_known_by_the_number_that_another_host_has_seen(self) -> None:
        with on("a"):
            stop()
        take_part("b")
        back_to(0)
        assert take_part("b") == ["behind_journal"]
        assert (state(), look("a")) == (Installation.State.DISARMED, "disarmed")

    def test_is_known_by_an_epoch_that_has_passed(self) -> None:
        before = epoch()
        arm("c")
        take_part("a", "b", "c")
        Installation.objects.update(epoch=before)
        assert take_part("a") == ["older_epoch"]
        assert state() == Installation.State.DISARMED

    def test_is_known_by_another_epoch_of_the_same_number(self) -> None:
        Installation.objects.update(epoch=f"{epoch().partition('.')[0]}.elsewhere")
        assert take_part("a") == ["older_epoch"]

    def test_is_not_disarmed_for_an_epoch_that_has_ended_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A person armed it while this host was still looking at what it was before."""
        with on("a"):
            stop()
        back_to(0)
        with on("a"):
            found, seen = arming._looked()
            Installation.objects.update(epoch="9.new")
            arming._keep(found, seen, TUESDAY)
        assert state() == Installation.State.ARMED


class TestAfterARestore:
    @pytest.fixture(autouse=True)
    def _restored(self) -> None:
        """What only b knew is missing, and b has said so."""
        with on("a"):
            stop(BOB)
        with on("b"):
            stop(ADA)
        take_part("a", "b")
        back_to(0)
        assert take_part("b") == ["behind_journal"]

    @pytest.mark.parametrize("first", ["a", "b"])
    def test_one_person_on_one_host_is_enough(self, first: str) -> None:
        second = "b" if first == "a" else "a"
        arm(first)
        assert look(first) == "waits_for_hosts"
        assert take_part(second, first) == ["", ""]
        assert stopped(ADA)
        assert stopped(BOB)
        assert Suppression.objects.count() == 2

    def test_the_other_host_says_in_the_log_what_it_wrote_again(self) -> None:
        arm("a")
        take_part("b")
        entry = AuditEntry.objects.get(verb="installation.followed", data__host=host("b").name, data__epoch=epoch())
        assert (entry.actor, entry.data["stops"]) == ("system", 1)

    def test_who_was_waited_for_may_not_be_armed_past(self) -> None:
        arm("a")
        with pytest.raises(Refused) as refused:
            arm("a")
        assert refused.value.codes == ("waits_for_hosts",)

    def test_a_person_may_do_it_on_each_host_as_well(self) -> None:
        arm("a")
        now = epoch()
        arm("b")
        assert (epoch(), look("b"), look("a")) == (now, "", "")

    def test_a_host_that_dies_between_database_and_journal_does_it_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(arming, "settle_in", lambda *_: None)
            arm("b")
        assert look("b") == "new_epoch"
        assert take_part("a", "b") == ["waits_for_hosts", ""]
        assert take_part("a") == [""]

    def test_a_journal_that_cannot_be_written_keeps_it_shut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        arm("a")

        def full(at: object) -> None:
            raise journal.JournalUnavailable(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(journal, "replayed", full)
            assert take_part("b") == ["new_epoch"]
        assert look("a") == "waits_for_hosts"


class TestANewLife:
    """The server was started anew, or another one has taken its place."""

    def test_shuts_the_door_until_every_host_has_compared(self) -> None:
        another_life()
        assert [look(name) for name in ("a", "b")] == ["not_compared", "not_compared"]
        assert take_part("a") == ["waits_for_hosts"]
        assert take_part("b", "a") == ["", ""]

    def test_of_an_older_copy_is_seen_by_the_one_host_that_can_know(self) -> None:
        take_part("a", "b")
        with on("b"):
            stop()
        back_to(0)
        another_life()
        assert take_part("a") == ["waits_for_hosts"]
        assert take_part("b") == ["behind_journal"]
        assert take_part("a") == ["disarmed"]

    @pytest.mark.postgres
    def test_is_another_one_in_each_copy_and_after_each_start(self) -> None:
        life = roster.life()
        started, database, table = life.split("/")
        assert (float(started) > 0, int(database) > 0, int(table) > 0) == (True, True, True)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM FULL compliance_installation")
        assert roster.life() != life

    @pytest.mark.postgres
    def test_that_had_ended_does_not_come_back(self) -> None:
        with on("a"):
            journal.compared("the one after the failover", TUESDAY)
        assert take_part("a") == ["former_life"]
        assert state() == Installation.State.DISARMED
        arm("a")
        assert take_part("b", "a") == ["", ""]


class TestTheMark:
    def test_is_kept_when_another_host_has_brought_the_whole_further(self) -> None:
        with on("a"):
            told = stop()
        take_part("b")
        with on("b"):
            assert journal.highest() == told.order_no
            assert list(journal.records("stop")) == []

    def test_is_not_repeated(self) -> None:
        with on("a"):
            stop()
            before = [*journal.records("mark")]
        take_part("a", "a")
        with on("a"):
            assert [*journal.records("mark")] == before

    def test_shows_who_is_alive_and_how_far_they_have_seen(self) -> None:
        JournalHost.objects.update(seen_at=None)
        with on("a"):
            told = stop()
        take_part("b")
        assert host("a").seen_at is None
        assert host("b").highest == told.order_no
        assert host("b").seen_at

    def test_an_old_journal_without_epochs_is_armed_anew(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.ERROR)
        with on("old"):
            journal.born(Installation.objects.get().instance, "here", TUESDAY)
        assert take_part("old") == ["database_moved"]
        arm("old")
        assert take_part("a", "b", "old") == ["waits_for_hosts", "", ""]


def test_what_this_host_wrote_again_is_in_its_journal() -> None:
    with on("b"):
        stop()
    take_part("a", "b")
    back_to(0)
    take_part("b")
    arm("b")
    with on("b"):
        assert len(list(journal.records("stop"))) == 2
        assert journaling.journal_round(TUESDAY)["stops"] == 1
