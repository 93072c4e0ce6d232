"""`manage.py hosts` says whom the door waits for, and what waits here."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance import clock, heartbeats, hosts
from compliance.heartbeats import Kind

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
        (["--retire", "web-9", "--because", "x"], "no web host is called 'web-9'"),
    ],
)
def test_otherwise_it_says_why_not(arguments: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        say(*arguments)
