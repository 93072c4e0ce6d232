"""The head of the day, on disk: kept once, found again by `audit verify`, and enough to show a log that was cut."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from compliance import audit, heads, installation, sealer
from compliance.append_only import lifted
from compliance.heads import UnreadableHead
from compliance.models import AuditEntry, AuditSeal, Installation, Purpose
from compliance.principals import SYSTEM
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.test_commands import as_json, run

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
WEDNESDAY = TUESDAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def _marked() -> None:
    installation.mark(Purpose.PRODUCTION, at=LONG_AGO)


def sealed(count: int = 1) -> None:
    notes = [audit.Note("thing.done", f"app.thing:{number}") for number in range(count)]
    audit.record_all(notes, by=SYSTEM, at=TUESDAY)
    sealer.seal_round(TUESDAY)


def folder(settings: Any) -> Path:
    return Path(settings.STATE_DIR) / "heads" / str(Installation.objects.get().instance)


def cut_the_last() -> None:
    """Entry and seal, without a trace in the database."""
    with lifted(connection):
        AuditSeal.objects.order_by("-position")[0].delete()
        AuditEntry.objects.order_by("-pk")[0].delete()


def test_a_log_without_seals_has_no_head_to_keep() -> None:
    assert heads.export(TUESDAY) is None
    assert heads.kept() == []


def test_the_head_of_a_day_is_kept_once(settings: Any) -> None:
    sealed(2)
    assert heads.export(TUESDAY)
    sealed(1)
    assert heads.export(TUESDAY) is None
    (path,) = folder(settings).iterdir()
    said = {"date": "2026-11-17", "position": 2, "chain": AuditSeal.objects.get(position=2).chain}
    assert (path.name, json.loads(path.read_text())) == ("2026-11-17.json", said)


def test_every_day_has_a_head_of_its_own() -> None:
    for day in (TUESDAY, WEDNESDAY):
        sealed(2)
        heads.export(day)
    assert [(head.kept, head.position) for head in heads.kept()] == [("2026-11-17", 2), ("2026-11-18", 4)]


def test_a_log_that_has_grown_contains_every_head_that_was_kept() -> None:
    for day in (TUESDAY, WEDNESDAY):
        sealed(2)
        heads.export(day)
    sealed(1)
    found = as_json("verify")
    assert (found["holds"], found["heads"], found["sealed"]) == (True, 2, 5)
    assert "2 kept heads found in it" in run("verify")[0]


def test_a_tail_cut_off_without_a_trace_is_named_by_the_command_alone() -> None:
    sealed(3)
    heads.export(TUESDAY)
    cut_the_last()
    assert sealer.verify().holds
    _said, complained = run("verify", code=1)
    assert "position 2: the chain ends here; position 3 was kept (2026-11-17)" in complained


def test_a_tail_that_has_grown_again_is_named_too() -> None:
    sealed(3)
    heads.export(TUESDAY)
    cut_the_last()
    sealed(2)
    found = as_json("verify", code=1)
    assert found["broken"] == "position 3: the chain differs from the head that was kept (2026-11-17)"


def test_heads_of_another_installation_on_this_host_say_nothing_about_this_one() -> None:
    sealed(3)
    heads.export(TUESDAY)
    Installation.objects.update(instance="00000000-0000-0000-0000-000000000001")
    assert heads.kept() == []


@pytest.mark.parametrize("text", ["", "{}", '{"position": "x", "chain": "y"}', "[]"])
def test_a_file_that_is_no_head_is_named_and_verifies_nothing(settings: Any, text: str) -> None:
    sealed(1)
    heads.export(TUESDAY)
    (folder(settings) / "2026-11-16.json").write_text(text)
    with pytest.raises(UnreadableHead, match=r"2026-11-16\.json"):
        heads.kept()
    with pytest.raises(CommandError, match=r"2026-11-16\.json is not a head"):
        call_command("audit", "verify")


def test_a_head_that_could_not_be_written_is_not_there(settings: Any) -> None:
    sealed(1)
    place = Path(settings.STATE_DIR)
    place.mkdir(parents=True)
    (place / "heads").write_text("in the way")
    with pytest.raises(OSError, match="heads"):
        heads.export(TUESDAY)
    assert heads.kept() == []
