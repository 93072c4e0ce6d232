"""`manage.py audit`: seals, verifies, and leaves with 1 when the log is broken."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from compliance import audit, sealer
from compliance.append_only import lifted
from compliance.principals import SYSTEM
from tests.cast import TUESDAY

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


@pytest.fixture(autouse=True)
def _two_entries() -> None:
    audit.record_all([audit.Note("thing.done", f"app.thing:{number}") for number in (1, 2)], by=SYSTEM, at=TUESDAY)


def run(*words: str, code: int = 0) -> tuple[str, str]:
    said, complained = io.StringIO(), io.StringIO()
    left = 0
    try:
        call_command("audit", *words, stdout=said, stderr=complained)
    except SystemExit as end:
        left = int(str(end.code))
    assert left == code
    return said.getvalue(), complained.getvalue()


def as_json(*words: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*words, "--json", code=code)[0])
    return found


def break_the_log() -> None:
    sealer.seal_round(TUESDAY)
    with lifted(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE compliance_auditentry SET reason = 'x'")


def test_sealing_says_how_many() -> None:
    assert as_json("seal") == {"sealed": 2}
    assert as_json("seal") == {"sealed": 0}
    assert run("seal")[0] == "0 entries sealed\n"


def test_a_log_that_holds_is_reported_with_its_head() -> None:
    run("seal")
    found = as_json("verify")
    assert (found["holds"], found["sealed"], found["unsealed"], found["broken"]) == (True, 2, 0, "")
    assert found["head"] in run("verify")[0]


def test_a_broken_log_is_named_and_ends_with_1() -> None:
    break_the_log()
    found = as_json("verify", code=1)
    assert (found["holds"], found["broken"].startswith("position 1: entry")) == (False, True)


def test_a_broken_log_is_told_to_people_on_standard_error() -> None:
    break_the_log()
    said, complained = run("verify", code=1)
    assert said == ""
    assert "BROKEN at position 1" in complained


def test_a_head_noted_earlier_is_looked_for() -> None:
    run("seal")
    assert as_json("verify", "--head", as_json("verify")["head"])["holds"]
    assert not as_json("verify", "--head", "f" * 64, code=1)["holds"]


def test_anything_else_is_refused() -> None:
    with pytest.raises(CommandError):
        call_command("audit", "repair")
