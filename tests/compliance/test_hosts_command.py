"""`manage.py hosts` says whom the door waits for, and what waits here."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance import clock, heartbeats, hosts, installation, roster
from compliance.heartbeats import Kind
from compliance.models import JournalHost, Purpose
from tests.cast import LONG_AGO

pytestmark = pytest.mark.django_db


def say(*arguments: str) -> str:
    said = StringIO()
    call_command("hosts", *arguments, stdout=said)
    return said.getvalue()


@pytest.fixture(autouse=True)
def _two_hosts() -> None:
    heartbeats.beat(Kind.WEB_HOST, "web-1", at=clock.lease_clock())
    heartbeats.beat(Kind.WEB_HOST, "web-2", at=clock.lease_clock() - timedelta(hours=1))


def test_it_says_who_is_late() -> None:
    found = {host["name"]: host["late"] for host in json.loads(say("--json"))["hosts"]}
    assert found == {"web-1": False, "web-2": True}
    assert "LATE: nothing is sent" in say()


def test_it_says_what_waits_here() -> None:
    hosts.opt_outs().put({"token": "x"}, order=1)
    assert json.loads(say("--json"))["this_host"] == {"name": hosts.this_host(), "waiting": 1, "unreadable": 0}
    assert "1 opt-outs wait" in say()


def test_it_says_where_to_look_for_what_nobody_could_read() -> None:
    hosts.opt_outs().put({"token": "x"}, order=1)
    ((path, _told),) = hosts.opt_outs().waiting()
    hosts.opt_outs().set_aside(path)
    assert str(path.parent) in say()


def test_a_lost_host_is_declared_gone_with_a_reason() -> None:
    say("--retire", "web-2", "--because", "The machine was sold.")
    assert list(heartbeats.owed(Kind.WEB_HOST)) == ["web-1"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--retire", "web-2"], "Please say why"),
        (["--retire", "web-1", "--because", "x"], "alive within the last minute"),
        (["--retire", "web-9", "--because", "x"], "no host is called 'web-9'"),
    ],
)
def test_otherwise_it_says_why_not(arguments: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        say(*arguments)


class TestHostsThatKeepAJournal:
    @pytest.fixture(autouse=True)
    def _two_of_them(self) -> None:
        installation.mark(Purpose.TEST, at=LONG_AGO)
        roster.expect(["web-2", "worker-1"], at=LONG_AGO)

    def test_are_listed_with_whom_the_door_waits_for(self) -> None:
        found = {host["name"]: (host["through"], host["expected"]) for host in json.loads(say("--json"))["journals"]}
        assert found == {"web-2": (False, True), "worker-1": (False, True)}
        assert "journal  worker-1  never seen  WAITED FOR: nothing is sent" in say()

    def test_are_declared_gone_alike(self) -> None:
        say("--retire", "worker-1", "--because", "The machine was sold.")
        assert "worker-1  never seen  gone" in say()
        with pytest.raises(CommandError, match="declared gone already"):
            say("--retire", "worker-1", "--because", "The machine was sold.")

    def test_of_one_that_is_both_both_ends_go(self) -> None:
        say("--retire", "web-2", "--because", "The machine was sold.")
        assert (list(heartbeats.owed(Kind.WEB_HOST)), set(roster_names())) == (["web-1"], {"worker-1"})

    def test_and_neither_while_one_of_them_lives(self) -> None:
        JournalHost.objects.update(seen_at=clock.lease_clock())
        with pytest.raises(CommandError, match="alive within the last minute"):
            say("--retire", "web-2", "--because", "The machine was sold.")
        assert "web-2" in heartbeats.owed(Kind.WEB_HOST)


def roster_names() -> list[str]:
    seen = roster.see()
    return sorted(seen.expected) if seen else []
