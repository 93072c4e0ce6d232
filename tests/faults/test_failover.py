"""Failing over to a copy that is behind, with two hosts of which one is not: nobody sends before both are through.

FT-14 (LAW PIP-14). Whoever comes first, and whoever is armed first: nothing is sent twice, and no opt-out is lost.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from compliance.models import Installation, Suppression
from handoff import rounds
from sequences.models import Contact, OutboundMessage
from tests.cast import TUESDAY
from tests.compliance.asking import stopped
from tests.factories import armed, playbook_loaded
from tests.faults.backups import Backup
from tests.faults.test_restore import GONE, LATER, PEOPLE
from tests.sequences.campaign import PLENTY, broken_promises, opt_out, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer
from tests.several_hosts import arm, look, on, take_part

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
State = Installation.State


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def replica(server: ScriptedServer, tmp_path: Path) -> Iterator[Backup]:
    """As far as the replica has come: both hosts are through, and nothing has gone yet."""
    playbook_loaded(caps=PLENTY)
    with on("a"):
        armed()
        under_way(server.port, people=PEOPLE, steps=2)
    arm("b")
    take_part("a", "b")
    made = Backup(tmp_path)
    yield made
    made.remove()


@pytest.fixture
def failed_over(replica: Backup, server: ScriptedServer) -> list[str]:
    """In the interval that is lost, a has sent and heard opt-outs; b has done and seen nothing."""
    addresses = list(Contact.objects.order_by("pk").values_list("address", flat=True)[:GONE])
    with on("a"):
        assert play() == {"accepted": PEOPLE}
        for address in addresses:
            opt_out(address)
    replica.restore()
    assert not OutboundMessage.objects.exists()
    assert not Suppression.objects.exists()
    return addresses


def work(name: str) -> None:
    """Everything that this host does, at every later time."""
    with on(name):
        for at in LATER:
            rounds.run_all(at)


def test_the_host_that_is_not_behind_sends_nothing_either(failed_over: list[str], server: ScriptedServer) -> None:
    work("b")
    assert look("b") == "waits_for_hosts"
    assert server.verbs.count("rcpt") == PEOPLE


def test_as_soon_as_the_other_looks_it_is_disarmed_for_both(failed_over: list[str], server: ScriptedServer) -> None:
    work("b")
    work("a")
    work("b")
    assert (Installation.objects.get().state, look("b")) == (State.DISARMED, "disarmed")
    assert server.verbs.count("rcpt") == PEOPLE


@pytest.mark.parametrize("first", ["a", "b"])
def test_once_a_person_has_armed_it_on_either_nothing_is_lost_or_sent_twice(
    first: str, failed_over: list[str], server: ScriptedServer
) -> None:
    second = "b" if first == "a" else "a"
    work("b")
    take_part("a")
    arm(first)
    work(first)
    assert server.verbs.count("rcpt") == PEOPLE
    take_part(second)
    assert all(stopped(address) for address in failed_over)
    work(second)
    work(first)
    assert len(server.messages) == PEOPLE
    assert broken_promises() == {}


def test_armed_before_the_other_has_looked_it_waits_for_it(failed_over: list[str], server: ScriptedServer) -> None:
    """Somebody arms at once, on the host that has nothing to tell."""
    Installation.objects.update(state=State.DISARMED)
    arm("b")
    work("b")
    assert server.verbs.count("rcpt") == PEOPLE
    work("a")
    work("b")
    assert all(stopped(address) for address in failed_over)
    assert len(server.messages) == PEOPLE


def test_a_failover_that_lost_nothing_goes_on_by_itself(replica: Backup, server: ScriptedServer) -> None:
    replica.restore()
    with on("b"):
        assert play() == {"disarmed": 1}
    take_part("a")
    with on("b"):
        rounds.run("follow", TUESDAY)
        assert play(LATER[0]) == {"accepted": PEOPLE}
    assert Installation.objects.get().state == State.ARMED
