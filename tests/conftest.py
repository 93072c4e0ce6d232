"""Decides what every test may rely on: which services it needs, an emptied database, no network, cheap passwords."""

import contextlib
import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client, TransactionTestCase, override_settings

from compliance import clock, factor
from handoff.roles import sync_roles
from tests import nameserver as dnsmasq
from tests.emptying import emptying
from tests.lanes import find_chromium
from tests.nameserver import Records


class OutsideNetworkError(AssertionError):
    """A test tried to leave this machine."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test whose service is missing is skipped with the reason; REQUIRE_SERVICES=1 makes that an error."""
    for marker, present, reason in _NEEDS:
        if item.get_closest_marker(marker) and not present():
            do_without(reason)


@pytest.fixture
def broker_url() -> str:
    """RabbitMQ, as found by tests.lanes."""
    return _address("TEST_BROKER_URL", "RabbitMQ")


@pytest.fixture
def nameserver(settings: Any, tmp_path: Path) -> Iterator[Callable[[Records], None]]:
    """Starts a nameserver that says these records, and has everybody ask it instead of whom they asked before."""
    if dnsmasq.MISSING:
        do_without(dnsmasq.MISSING)
    with contextlib.ExitStack() as stack:

        def start(records: Records) -> None:
            settings.DNS_SERVERS = [("127.0.0.1", stack.enter_context(dnsmasq.answering(tmp_path, records)))]

        yield start


@pytest.fixture
def silence(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody answers who is asked for records, and who asks is less patient than otherwise."""
    monkeypatch.setattr("compliance.nameservers._PATIENCE_SECONDS", 0.2)
    with dnsmasq.silent() as port:
        settings.DNS_SERVERS = [("127.0.0.1", port)]
        yield


@pytest.fixture
def redis_url() -> str:
    """Redis, as found by tests.lanes."""
    return _address("TEST_REDIS_URL", "Redis")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium."""
    return find_chromium() or do_without("needs Chromium on PATH or in TEST_CHROMIUM")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Two runs beside each other on one PostgreSQL server must not drop each other's database."""
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["NAME"] = f"test_handoff_{os.getpid()}"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A migrated database with the roles of the house; so it is again after each transactional test."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptying(sync_roles))
        yield


@pytest.fixture(autouse=True)
def _state_of_its_own(settings: Any, tmp_path: Path) -> None:
    """Each test is a host with a state folder of its own."""
    settings.STATE_DIR = tmp_path / "state"


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_cheap() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def _staff_have_just_used_their_factor() -> Iterator[None]:
    """Whoever signs in by `force_login` did so with a password and a factor; tests of factors say otherwise."""
    plain = Client.force_login

    def with_factor(client: Client, user: Any, backend: str | None = None) -> None:
        plain(client, user, backend)
        session = client.session
        factor.note(session, user, clock.now())
        session.save()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "force_login", with_factor)
        yield


@pytest.fixture(scope="session", autouse=True)
def _nothing_leaves_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        yield


def _guarded(connect: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise OutsideNetworkError(f"tests may only connect to this machine, not to {address[0]}")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def do_without(reason: str) -> Any:
    """Skip the test that needs what this machine lacks; REQUIRE_SERVICES=1 makes that an error."""
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _address(variable: str, name: str) -> str:
    return os.environ.get(variable) or do_without(f"needs {name}: no {variable}")


_NEEDS: list[tuple[str, Callable[[], bool], str]] = [
    ("postgres", lambda: connection.vendor == "postgresql", "needs PostgreSQL as DATABASE_URL"),
    ("broker", lambda: bool(os.environ.get("TEST_BROKER_URL")), "needs RabbitMQ: no TEST_BROKER_URL"),
    ("browser", lambda: bool(find_chromium()), "needs Chromium on PATH or in TEST_CHROMIUM"),
]
