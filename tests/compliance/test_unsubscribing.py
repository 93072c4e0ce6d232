"""What was promised while the database was away is on disk, reaches it once it is back, and shuts the door so long."""

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import TestCase
from pytest_django.fixtures import Settings

from compliance import cards, hosts, tokens, unsubscribing
from compliance.addresses import parse
from compliance.models import AuditEntry, Suppression, SuppressionReason
from compliance.spool import Spool
from compliance.tokens import Purpose, Token
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import ADA, stopped
from tests.compliance.test_views_without_database import failing

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

ONE_CLICK = SuppressionReason.ONE_CLICK


@pytest.fixture
def text() -> str:
    card = cards.find_or_make([parse(ADA)], at=LONG_AGO)[parse(ADA).canonical]
    return tokens.make(Purpose.UNSUBSCRIBE, message=4711, digest=card.digest)


def known(text: str) -> Token:
    found = tokens.read(Purpose.UNSUBSCRIBE, text)
    assert found
    return found


def keep(text: str, reason: SuppressionReason = ONE_CLICK) -> bool:
    return unsubscribing.keep(text, known(text), reason, at=TUESDAY)


def files() -> list[Path]:
    return sorted(hosts.opt_outs().folder.iterdir())


def put(**columns: Any) -> None:
    told = {"token": "nonsense", "reason": "one_click", "message": 1, "at": TUESDAY.isoformat()}
    hosts.opt_outs().put(told | columns, order=1)


def test_a_kept_opt_out_holds_once_it_was_drained(text: str) -> None:
    assert keep(text)
    assert not stopped(ADA)
    assert unsubscribing.drain() == 1
    row = Suppression.objects.get()
    assert (row.at, row.reason, row.source, row.evidence) == (TUESDAY, ONE_CLICK, "message:4711", {"message": 4711})
    assert stopped(ADA)
    assert hosts.opt_outs().empty()


def test_the_file_names_nobody(text: str) -> None:
    keep(text)
    (file,) = files()
    assert json.loads(file.read_text()).keys() == {"token", "reason", "message", "at"}
    assert "@" not in file.read_text()
    assert file.parent.stat().st_mode & 0o077 == 0


def test_who_dies_between_commit_and_removal_records_it_once_more_and_changes_nothing(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(text)
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "done", failing(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            unsubscribing.drain()
    assert stopped(ADA)
    assert unsubscribing.drain() == 1
    assert stopped(ADA)
    assert hosts.opt_outs().empty()


def test_a_file_stays_until_the_database_has_taken_it(text: str) -> None:
    keep(text)
    with (
        TestCase.captureOnCommitCallbacks(),
        connection.execute_wrapper(failing(OperationalError("gone"))),
        pytest.raises(OperationalError),
    ):
        unsubscribing.drain()
    assert hosts.opt_outs().counts() == {"waiting": 1, "unreadable": 0}


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"token": 7},
        {"reason": "because"},
        {"reason": "complaint"},
        {"at": "yesterday"},
        {"at": "2026-11-17T09:00:00"},
    ],
)
def test_what_cannot_be_understood_is_set_aside_and_still_counts(text: str, columns: dict[str, Any]) -> None:
    put(**({"token": text} | columns) if columns else {})
    keep(text)
    assert unsubscribing.drain() == 1
    assert hosts.opt_outs().counts() == {"waiting": 0, "unreadable": 1}
    assert not hosts.opt_outs().empty()
    assert stopped(ADA)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
def test_a_damaged_file_is_set_aside_and_the_others_are_drained(text: str, raw: bytes) -> None:
    keep(text)
    (hosts.opt_outs().folder / "0-damaged.json").write_bytes(raw)
    assert unsubscribing.drain() == 1
    assert hosts.opt_outs().counts() == {"waiting": 0, "unreadable": 1}


def test_two_processes_of_a_host_do_not_drain_at_the_same_time(text: str, settings: Settings) -> None:
    keep(text)
    with (Path(settings.STATE_DIR) / "drain.lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert unsubscribing.drain() == 0
    assert unsubscribing.drain() == 1


def test_a_token_of_a_rotated_key_is_drained(text: str, settings: Settings) -> None:
    keep(text)
    for version in (2, 3, 4):
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, version: bytes([version]) * 32}
    assert unsubscribing.drain() == 1
    assert stopped(ADA)


# --- trials -------------------------------------------------------------------------------------------------------


def test_a_trial_names_nobody_and_is_known_again_under_every_key(settings: Settings) -> None:
    digest = unsubscribing.trial_digest(TUESDAY)
    settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: bytes([2]) * 32}
    assert unsubscribing.is_trial(digest)
    assert unsubscribing.is_trial(unsubscribing.trial_digest(TUESDAY))
    assert unsubscribing.trial_digest(TUESDAY) != digest


def test_a_person_is_no_trial(text: str) -> None:
    assert not unsubscribing.is_trial(known(text).digest)


def test_a_trial_is_recorded_as_what_it_is() -> None:
    token = Token(Purpose.UNSUBSCRIBE, 4711, unsubscribing.trial_digest(TUESDAY))
    unsubscribing.record(token, ONE_CLICK, at=TUESDAY)
    row = Suppression.objects.get()
    assert (row.reason, row.person, row.evidence) == (SuppressionReason.CANARY, None, {})
    assert AuditEntry.objects.filter(verb="suppression.recorded").count() == 1
