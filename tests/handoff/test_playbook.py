"""The command: a file is checked, or loaded as a version that waits; every fault is printed with its place."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from compliance.models import PlaybookVersion
from handoff import installing
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.toml"
    path.write_text(installing.EXAMPLE.read_text().replace('owner = "rep"', 'owner = "intern"'))
    return str(path)


def run(*words: str) -> str:
    said = io.StringIO()
    call_command("playbook", *words, stdout=said)
    return said.getvalue()


def refused(*words: str) -> str:
    said = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("playbook", *words, stdout=said)
    assert ended.value.code == 1
    return said.getvalue()


def test_a_good_file_is_said_to_be_one() -> None:
    assert "nothing is missing" in run("check", str(installing.EXAMPLE))


def test_checking_stores_nothing() -> None:
    run("check", str(installing.EXAMPLE))
    assert not PlaybookVersion.objects.exists()


def test_every_fault_is_printed_with_its_place(bad: str) -> None:
    assert [line.partition(":")[0] for line in refused("check", bad).splitlines()] == [
        "stages.sal.owner",
        "stages.briefing_ready.owner",
    ]


def test_faults_are_there_for_programs_too(bad: str) -> None:
    told: Any = json.loads(refused("check", bad, "--json"))
    assert told["faults"][0]["where"] == "stages.sal.owner"
    assert told["faults"][0]["code"] == "not_in_list"


def test_a_file_is_loaded_as_a_version_that_waits() -> None:
    by = UserFactory(role="sales_ops")
    told = json.loads(run("load", str(installing.EXAMPLE), "--by", by.username, "--json"))
    row = PlaybookVersion.objects.get()
    assert (row.state, row.loaded_by, told["version"]) == ("draft", f"user:{by.pk}", 1)


def test_a_bad_file_is_not_loaded(bad: str) -> None:
    refused("load", bad, "--by", UserFactory(role="sales_ops").username)
    assert not PlaybookVersion.objects.exists()


def test_who_may_not_load_is_refused() -> None:
    assert "roles" in refused("load", str(installing.EXAMPLE), "--by", UserFactory(role="rep").username)


@pytest.mark.parametrize("words", [("load", str(installing.EXAMPLE)), ("check", "nowhere.toml")])
def test_without_a_person_or_a_file_it_says_so(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*words)
