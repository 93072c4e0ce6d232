"""`arm`: shows whether this database may send from this host, takes back what the journal knows, lets a person arm."""

import io
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from compliance import arming, heartbeats, journal
from compliance.heartbeats import Kind
from compliance.models import AuditEntry, Installation, Purpose, Suppression
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import ADA, stop, stopped
from tests.compliance.forgetting import back_to
from tests.desk import act_url, open_row, sign_in, take
from tests.factories import UserFactory, armed
from tests.several_hosts import arm as arm_on
from tests.several_hosts import on

pytestmark = pytest.mark.django_db(transaction=True)
WHY = "Restored from last night."


def arm(**options: Any) -> dict[str, Any]:
    said = io.StringIO()
    try:
        call_command("arm", json=True, stdout=said, **options)
    except SystemExit as end:
        return {"exit": end.code, **json.loads(said.getvalue())}
    return {"exit": 0, **json.loads(said.getvalue())}


def older_copy() -> None:
    armed()
    stop()
    back_to(0)


def test_an_armed_one_is_told_in_lines() -> None:
    armed()
    said = io.StringIO()
    call_command("arm", stdout=said)
    assert "It may send from this host." in said.getvalue()


def test_without_a_name_it_only_shows() -> None:
    older_copy()
    told = arm()
    assert (told["exit"], told["fault"], told["missing"]["stops"]) == (3, "behind_journal", 1)
    assert not stopped(ADA)


def test_a_dry_run_only_shows() -> None:
    older_copy()
    assert arm(by=UserFactory(role="legal").username, comment=WHY, dry_run=True)["exit"] == 3
    assert not Suppression.objects.exists()


def test_a_person_takes_back_what_is_missing_and_arms() -> None:
    older_copy()
    by = UserFactory(role="legal")
    told = arm(by=by.username, comment=WHY)
    assert (told["exit"], told["fault"], told["state"]) == (0, "", "armed")
    assert (told["taken_back"]["stops"], told["missing"]["stops"]) == (1, 0)
    assert stopped(ADA)
    entry = AuditEntry.objects.get(verb="compliance.installation.arm")
    assert (entry.actor, entry.reason) == (f"user:{by.pk}", WHY)


@pytest.mark.parametrize("comment", ["", "  "])
def test_a_person_says_why(comment: str) -> None:
    older_copy()
    with pytest.raises(CommandError, match="say why"):
        arm(by=UserFactory(role="legal").username, comment=comment)
    assert not stopped(ADA)


def test_who_may_not_is_refused() -> None:
    older_copy()
    with pytest.raises(CommandError, match="roles"):
        arm(by=UserFactory(role="sales_ops").username, comment=WHY)


def test_a_name_that_nobody_has_is_refused() -> None:
    armed()
    with pytest.raises(CommandError, match="nobody-here"):
        arm(by="nobody-here", comment=WHY)


def test_a_journal_of_another_installation_is_named() -> None:
    armed()
    other = uuid4()
    journal.born(other, "elsewhere", TUESDAY)
    with pytest.raises(CommandError, match=str(other)):
        arm(by=UserFactory(role="legal").username, comment=WHY)


def test_a_database_that_was_not_set_up_is_not_armed() -> None:
    with pytest.raises(CommandError, match="manage.py setup"):
        arm()


class TestSeveralHosts:
    @pytest.fixture(autouse=True)
    def _two_hosts(self) -> None:
        armed()
        arm_on("b")

    def test_each_is_told_with_its_epoch_and_whether_it_is_waited_for(self) -> None:
        told = arm()
        (other, here) = sorted(told["hosts"], key=lambda host: bool(host["here"]))
        assert (told["exit"], told["fault"], told["epoch_here"]) == (3, "new_epoch", here["epoch"])
        assert (other["through"], other["epoch"]) == (True, told["epoch"])
        assert not here["through"]

    def test_what_has_to_be_done_is_said_in_lines(self) -> None:
        said = io.StringIO()
        with on("b"), pytest.raises(SystemExit):
            call_command("arm", stdout=said)
        assert "waited for: start it, or manage.py hosts --retire" in said.getvalue()
        assert "to arm it" not in said.getvalue()

    def test_a_person_lets_a_host_follow_where_nothing_runs(self) -> None:
        told = arm(by=UserFactory(role="legal").username, comment=WHY)
        assert (told["exit"], told["fault"]) == (0, "")

    def test_a_web_host_that_keeps_no_journal_is_named(self) -> None:
        heartbeats.beat(Kind.WEB_HOST, "web-9", at=TUESDAY)
        assert arm()["web_hosts_without_journal"] == ["web-9"]

    def test_the_page_shows_whom_the_door_waits_for(self, client: Client) -> None:
        sign_in(client, "legal")
        shown = open_row(client, Installation.objects.get())
        assert "has compared its journal" in shown
        assert "waited for: nothing is sent" in shown


class TestSetup:
    def test_arms_a_database_that_it_marks_for_the_first_time(self) -> None:
        call_command("setup", stdout=io.StringIO())
        assert arming.fault(TUESDAY) is None

    def test_leaves_a_marked_one_without_a_journal_disarmed_and_says_what_to_do(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        armed(Purpose.PRODUCTION)
        settings.STATE_DIR = tmp_path / "restored here"
        said = io.StringIO()
        call_command("setup", stdout=said)
        assert "manage.py arm" in said.getvalue()
        assert journal.instance() is None

    def test_refuses_to_begin_where_another_installation_has_its_journal(self) -> None:
        journal.born(uuid4(), "elsewhere", LONG_AGO)
        with pytest.raises(CommandError, match="HANDOFF_STATE_DIR"):
            call_command("setup", stdout=io.StringIO())


class TestThePage:
    def test_says_that_it_is_disarmed_and_why(self, client: Client) -> None:
        older_copy()
        sign_in(client, "legal")
        shown = open_row(client, Installation.objects.get())
        assert "older copy" in shown
        assert "stops 1" in shown

    def test_a_person_arms_it_there(self, client: Client) -> None:
        older_copy()
        arming.fault(TUESDAY)
        sign_in(client, "chief_of_staff")
        assert take(client, Installation.objects.get(), "arm", comment=WHY).status_code == 302
        assert stopped(ADA)
        assert arming.fault(TUESDAY) is None

    def test_and_disarms_it(self, client: Client) -> None:
        armed()
        sign_in(client, "legal")
        take(client, Installation.objects.get(), "disarm", comment="The disk makes noises.")
        assert str(arming.fault(TUESDAY)).startswith("This database is disarmed: The disk makes noises.")

    def test_offers_nothing_to_who_may_not(self, client: Client) -> None:
        row = armed()
        sign_in(client, "sales_ops")
        assert act_url(row, "disarm") not in open_row(client, row)

    def test_the_first_page_says_it_first(self, client: Client) -> None:
        older_copy()
        arming.fault(TUESDAY)
        sign_in(client, "cmo")
        assert "This installation is disarmed" in client.get("/admin/").content.decode()
