"""Yesterday's backup comes back, or production is cloned: nothing moves by itself, and nobody is written to twice.

FT-50, FT-51 (LAW PIP-14, PIP-17).
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from compliance import arming, journal
from compliance.acts import Consent
from compliance.models import Installation, Purpose, Suppression
from handoff import rounds
from sequences import sender
from sequences.models import Contact, Enrollment, ExitReason, OutboundMessage
from tests.cast import TUESDAY
from tests.compliance.asking import stopped
from tests.factories import UserFactory, armed, playbook_loaded
from tests.faults.backups import Backup
from tests.sequences.campaign import PLENTY, State, broken_promises, opt_out, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer
from tests.several_hosts import arm as arm_on
from tests.several_hosts import look, on, take_part

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PEOPLE, GONE = 6, 2
LATER = [TUESDAY + hours * HOUR for hours in (1, 2, 25, 73)]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def backup(server: ScriptedServer, tmp_path: Path) -> Iterator[Backup]:
    """Taken when everybody is due; a message of two of them is planned already."""
    playbook_loaded(caps=PLENTY)
    under_way(server.port, people=PEOPLE, steps=2)
    made = Backup(tmp_path)
    yield made
    made.remove()


def arm() -> None:
    by = UserFactory(role="chief_of_staff")
    arming.arm(Installation.objects.get(), by=by, at=TUESDAY, consent=Consent("Last night's backup."))


def opted_out() -> list[str]:
    return list(Contact.objects.order_by("pk").values_list("address", flat=True)[:GONE])


class TestARestore:
    @pytest.fixture
    def restored(self, backup: Backup, server: ScriptedServer) -> None:
        assert play() == {"accepted": PEOPLE}
        for address in opted_out():
            opt_out(address)
        backup.restore()
        assert not Suppression.objects.exists()
        assert not OutboundMessage.objects.exists()

    def test_nothing_moves_until_a_person_has_armed_it(self, restored: None, server: ScriptedServer) -> None:
        for at in LATER:
            assert rounds.run("send", at) == {"disarmed": 1}
            rounds.run_all(at)
        assert Installation.objects.get().state == Installation.State.DISARMED
        assert len(server.messages) == server.verbs.count("rcpt") == PEOPLE

    def test_armed_it_writes_to_nobody_twice_and_remembers_who_opted_out(
        self, restored: None, server: ScriptedServer
    ) -> None:
        play()
        arm()
        assert all(stopped(address) for address in opted_out())
        for at in LATER:
            rounds.run_all(at)
        assert len(server.messages) == PEOPLE
        left = Enrollment.objects.filter(exit_reason=ExitReason.OPTED_OUT)
        assert sorted(left.values_list("contact__address", flat=True)) == sorted(opted_out())
        assert set(Enrollment.objects.exclude(pk__in=left).values_list("next_step", flat=True)) == {2}
        assert broken_promises() == {}

    def test_what_was_planned_before_the_backup_comes_to_count_as_sent(
        self, server: ScriptedServer, tmp_path: Path
    ) -> None:
        playbook_loaded(caps=PLENTY)
        under_way(server.port, people=PEOPLE, steps=2)
        rounds.run("plan", TUESDAY)
        backup = Backup(tmp_path)
        play()
        backup.restore()
        backup.remove()
        sender.send_round(TUESDAY + MINUTE)
        arm()
        for at in LATER:
            rounds.run_all(at)
        assert len(server.messages) == PEOPLE
        assert set(OutboundMessage.objects.filter(step=1).values_list("state", "reason")) == {
            (State.IN_DOUBT, "assumed_sent")
        }
        assert broken_promises() == {}


class TestARestoreUnderTwoHosts:
    """The first has sent and heard; of the second the journal tells only how far the whole had come."""

    @pytest.fixture(params=["before the second joined", "after the second joined"])
    def restored(self, server: ScriptedServer, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        playbook_loaded(caps=PLENTY)
        with on("a"):
            under_way(server.port, people=PEOPLE, steps=2)
        backup = Backup(tmp_path)
        arm_on("b")
        take_part("a", "b")
        if request.param == "after the second joined":
            backup = Backup(tmp_path)
        with on("a"):
            assert play() == {"accepted": PEOPLE}
            for address in opted_out():
                opt_out(address)
        take_part("b")
        backup.restore()
        backup.remove()

    def work(self, *names: str) -> None:
        for name in names:
            with on(name):
                for at in LATER:
                    rounds.run_all(at)

    @pytest.mark.parametrize("names", ["ab", "ba"])
    def test_neither_sends_until_a_person_has_armed_it(
        self, names: str, restored: None, server: ScriptedServer
    ) -> None:
        self.work(*names)
        assert Installation.objects.get().state == Installation.State.DISARMED
        assert server.verbs.count("rcpt") == PEOPLE

    @pytest.mark.parametrize("names", ["ab", "ba"])
    def test_armed_on_either_neither_writes_twice_and_both_remember(
        self, names: str, restored: None, server: ScriptedServer
    ) -> None:
        first, second = names[0], names[1]
        self.work(first, second)
        arm_on(first)
        self.work(first)
        assert server.verbs.count("rcpt") == PEOPLE
        self.work(second, first)
        assert all(stopped(address) for address in opted_out())
        assert len(server.messages) == PEOPLE
        assert broken_promises() == {}


class TestAClone:
    """A copy of production on another machine, with its secrets and its mailboxes."""

    @pytest.fixture(autouse=True)
    def cloned(self, server: ScriptedServer, settings: Settings, tmp_path: Path) -> None:
        armed(Purpose.PRODUCTION)
        playbook_loaded(caps=PLENTY)
        under_way(server.port, people=PEOPLE)
        settings.STATE_DIR = tmp_path / "staging"

    def run(self, server: ScriptedServer) -> int:
        for at in (TUESDAY, *LATER):
            rounds.run_all(at)
        return server.verbs.count("rcpt")

    def test_on_a_machine_without_a_journal_nobody_is_written_to(self, server: ScriptedServer) -> None:
        assert self.run(server) == 0

    def test_on_a_machine_with_a_journal_of_its_own_neither(self, server: ScriptedServer) -> None:
        journal.born(uuid4(), "staging", TUESDAY)
        assert self.run(server) == 0
        assert Installation.objects.get().state == Installation.State.DISARMED

    def test_even_armed_by_mistake_it_waits_for_the_hosts_of_production(self, server: ScriptedServer) -> None:
        arm_on("staging-1")
        arm_on("staging-2")
        for _again in range(2):
            for name in ("staging-1", "staging-2"):
                with on(name):
                    assert self.run(server) == 0
        assert look("staging-1") == "waits_for_hosts"
