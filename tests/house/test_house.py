"""The files of the project keep the rules of the house."""

from collections.abc import Iterable

import pytest

from tests.house import places, shape, texts
from tests.house.sources import FLOORS, ROOT, Breach, project_files, python_files, read

LOCKS = ("requirements.txt", "requirements-dev.txt")


@pytest.mark.parametrize("path", python_files(*FLOORS))
@pytest.mark.parametrize("rule", [*places.RULES, *shape.ON_THE_FLOORS], ids=lambda rule: rule.__name__)
def test_each_thing_is_kept_in_its_place(rule: places.Rule, path: str) -> None:
    assert _told(rule(read(path))) == ""


@pytest.mark.parametrize("path", python_files())
@pytest.mark.parametrize("rule", shape.EVERYWHERE, ids=lambda rule: rule.__name__)
def test_files_are_small_introduced_and_hide_nothing(rule: places.Rule, path: str) -> None:
    assert _told(rule(read(path))) == ""


def test_no_text_names_a_folder_of_one_machine() -> None:
    found = [breach for path in project_files() for breach in texts.machine_paths(path, _text(path))]
    assert _told(found) == ""


@pytest.mark.parametrize("path", LOCKS)
def test_a_lock_file_holds_no_address(path: str) -> None:
    assert _told(texts.lock_addresses(path, _text(path))) == ""


def test_the_lock_of_contributors_contains_the_lock_of_the_service() -> None:
    service, contributors = (texts.pins(_text(path)) for path in LOCKS)
    assert service
    assert service <= contributors


def test_every_setting_is_shown_in_the_example_environment() -> None:
    assert texts.settings_named(_text(".env.example")) == texts.settings_read(read("handoff/config/settings.py"))


def _text(path: str) -> str:
    # Spreadsheets, mail in other encodings and pictures: what is not text names nothing.
    return (ROOT / path).read_bytes().decode("utf-8", errors="replace")


def _told(breaches: Iterable[Breach]) -> str:
    return "\n".join(str(breach) for breach in breaches)
