"""The unsubscribe page while the database is away: shown all the same, and what is promised is on disk (LAW UNS-09)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.test import Client
from pytest_django.fixtures import Settings

from compliance import cards, clock, hosts, tokens, unsubscribing
from compliance.addresses import parse
from compliance.models import Suppression
from compliance.tokens import Purpose
from tests.cast import LONG_AGO
from tests.compliance.asking import ADA, stopped
from tests.compliance.test_views import ONE_CLICK, is_direct, post

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

BROKEN = [OperationalError("gone"), InterfaceError("connection already closed"), DatabaseError("deadlock")]


@pytest.fixture
def token() -> str:
    card = cards.find_or_make([parse(ADA)], at=LONG_AGO)[parse(ADA).canonical]
    return tokens.make(Purpose.UNSUBSCRIBE, message=4711, digest=card.digest)


@pytest.fixture(autouse=True)
def _owed() -> None:
    """The other hosts wait for this one."""
    hosts.say_empty(at=clock.lease_clock())


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_given: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("error", BROKEN)
@pytest.mark.parametrize("body", [ONE_CLICK, b""])
def test_an_opt_out_is_kept_on_disk_while_the_database_is_away(
    client: Client, token: str, body: bytes, error: Exception
) -> None:
    with connection.execute_wrapper(failing(error)):
        response = post(client, token, body)
    assert (response.status_code, is_direct(response)) == (202, True)
    assert "is recorded" in response.content.decode()
    assert hosts.opt_outs().counts() == {"waiting": 1, "unreadable": 0}
    assert not Suppression.objects.exists()
    assert unsubscribing.drain() == 1
    assert stopped(ADA)


@pytest.mark.parametrize("error", [*BROKEN[:1], RuntimeError("a mistake of ours"), OSError("the journal is full")])
def test_whatever_goes_wrong_the_opt_out_is_kept(
    client: Client, token: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(unsubscribing, "record", failing(error))
    assert post(client, token).status_code == 202
    assert hosts.opt_outs().counts()["waiting"] == 1


def test_a_host_that_nobody_waits_for_keeps_it_and_promises_nothing(client: Client, token: str) -> None:
    hosts.say_goodbye(at=clock.lease_clock())
    with connection.execute_wrapper(failing(OperationalError("gone"))):
        response = post(client, token)
    assert (response.status_code, is_direct(response)) == (503, True)
    assert "a message may still reach you" in response.content.decode()
    assert hosts.opt_outs().counts()["waiting"] == 1
    assert unsubscribing.drain() == 1
    assert stopped(ADA)


def test_it_promises_again_once_it_has_reached_the_database(client: Client, token: str) -> None:
    hosts.say_goodbye(at=clock.lease_clock())
    hosts.say_empty(at=clock.lease_clock())
    with connection.execute_wrapper(failing(OperationalError("gone"))):
        assert post(client, token).status_code == 202


def test_what_could_be_kept_nowhere_is_not_promised_and_a_person_is_called(
    client: Client, token: str, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STATE_DIR = tmp_path / "file"
    settings.STATE_DIR.write_text("not a folder")
    with connection.execute_wrapper(failing(OperationalError("gone"))):
        response = post(client, token)
    assert (response.status_code, is_direct(response)) == (503, True)
    assert "could not record" in response.content.decode()
    said = [one for one in caplog.records if one.name.startswith("compliance.")]
    assert [one.levelname for one in said] == ["WARNING", "CRITICAL"]
    assert token not in "".join(one.getMessage() for one in said)


@pytest.mark.parametrize("error", BROKEN)
def test_the_page_itself_needs_no_database(client: Client, token: str, error: Exception) -> None:
    with connection.execute_wrapper(failing(error)):
        assert client.get(f"/u/{token}").status_code == 200
        assert client.get("/u/nonsense").status_code == 404


def test_unsubscribing_again_when_it_is_back_works(client: Client, token: str) -> None:
    with connection.execute_wrapper(failing(OperationalError("gone"))):
        post(client, token)
    assert post(client, token).status_code == 200
    assert stopped(ADA)
