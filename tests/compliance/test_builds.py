"""The running code has a name, which follows from the code itself and stands in the log (LAW AUD-03)."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from compliance import builds
from compliance.models import AuditEntry, Decision
from tests.cast import TUESDAY
from tests.compliance.asking import ask, clear
from tests.factories import playbook_loaded

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A small checkout."""
    for floor in ("compliance", "handoff", "sequences"):
        (tmp_path / floor / "deep").mkdir(parents=True)
        (tmp_path / floor / "deep" / "one.py").write_text("x = 1\n", encoding="utf-8")
    return tmp_path


class TestName:
    def test_the_same_code_has_the_same_name_elsewhere(self, code: Path) -> None:
        name = builds.digest_of(code)
        assert builds.digest_of(code.rename(code.with_name("moved"))) == name

    def test_a_line_changed_on_the_spot_is_another_build(self, code: Path) -> None:
        name = builds.digest_of(code)
        (code / "sequences" / "deep" / "one.py").write_text("x = 2\n", encoding="utf-8")
        assert builds.digest_of(code) != name

    def test_so_is_a_file_that_moved(self, code: Path) -> None:
        name = builds.digest_of(code)
        (code / "sequences" / "deep" / "one.py").rename(code / "sequences" / "one.py")
        assert builds.digest_of(code) != name

    def test_what_is_not_code_changes_nothing(self, code: Path) -> None:
        name = builds.digest_of(code)
        (code / "handoff" / "notes.txt").write_text("later", encoding="utf-8")
        assert builds.digest_of(code) == name


class TestLog:
    def test_a_build_is_told_once(self, settings: Settings) -> None:
        settings.BUILD = "image 42"
        assert builds.build_round(TUESDAY) == {"builds": 1}
        assert builds.build_round(TUESDAY) == {"builds": 0}
        entry = AuditEntry.objects.get()
        assert (entry.verb, entry.subject) == ("build.first_used", f"build:{builds.current()}")
        assert (entry.data["version"], entry.data["label"]) == ("0.1.0", "image 42")

    def test_a_checkout_names_its_commit(self) -> None:
        builds.build_round(TUESDAY)
        assert len(AuditEntry.objects.get().data["commit"]) in {0, 40}

    def test_without_git_and_project_file_the_code_still_has_its_name(self, settings: Settings, code: Path) -> None:
        settings.ROOT = code
        builds.build_round(TUESDAY)
        assert AuditEntry.objects.get().data == {"version": "", "commit": "", "label": ""}

    @pytest.mark.usefixtures("ledger_rules")
    def test_each_decision_names_the_code_that_took_it(self) -> None:
        playbook_loaded()
        clear(ask("ada@pumps.example.com"))
        assert Decision.objects.get().build == builds.current()
