"""Files of people to be left in peace: every spelling of a file, lines that name nobody, and all or nothing."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from compliance import addresses, stop_files, suppression
from compliance.models import Strength, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import TUESDAY
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
ADA, BOB = "ada@pumps.example.com", "bob@valves.example.com"
OLD = Stop(SuppressionReason.IMPORTED, source="old.csv")


def named(content: bytes) -> list[str]:
    found = stop_files.read(content)
    assert list(found.flaws) == []
    return [address.text for address in found.named]


def stopped(*texts: str) -> set[str]:
    found = suppression.stopped_addresses([addresses.parse(text) for text in texts])
    return {text for text in texts if addresses.parse(text).canonical in found}


@pytest.mark.parametrize(
    "content",
    [
        f"{ADA}\n{BOB}\n",
        f"{ADA}\r\n\r\n{BOB}",
        f"Email\n{ADA}\n{BOB}\n",
        f"\ufeffName,Email,Reason\nAda,{ADA},left\nBob,{BOB},spam\n",
        f'Name;E-Mail\n"Byron; Ada";{ADA}\nBob;{BOB}\n',
        f"Email\tWhen\n{ADA}\t2024\n{BOB}\t2025\n",
        f"{ADA}\n{BOB}\n{ADA.upper()}\n",
    ],
    ids=["lines", "windows", "heading", "bom", "semicolons", "tabs", "twice"],
)
def test_a_file_is_read_as_tools_write_it(content: str) -> None:
    assert named(content.encode()) == [ADA, BOB]


def test_a_file_in_an_older_encoding_is_read_too() -> None:
    assert named(f"Jörg;{ADA}\n".encode("cp1252")) == [ADA]


def test_a_line_without_an_address_is_named_with_its_number() -> None:
    found = stop_files.read(f"Email\n{ADA}\nnobody\ntwo@ats@example.com\n".encode())
    assert [(flaw.line, flaw.text) for flaw in found.flaws] == [(3, "nobody"), (4, "two@ats@example.com")]


def test_a_first_line_with_a_broken_address_is_no_heading() -> None:
    assert [flaw.line for flaw in stop_files.read(b"a@b\n").flaws] == [1]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\0\0", b"\xff\xfe\n"])
def test_odd_files_name_nobody_and_break_nothing(content: bytes) -> None:
    assert not stop_files.read(content).named


def test_everybody_it_names_is_stopped_as_by_their_own_word() -> None:
    people = stop_files.read(f"{ADA}\n{BOB}\n".encode()).named
    assert stop_files.stop_all(people, OLD, by=SYSTEM, at=TUESDAY) == 2
    assert stopped(ADA, BOB, "eve@pumps.example.com") == {ADA, BOB}
    assert set(Suppression.objects.values_list("strength", "source")) == {(Strength.OPT_OUT, "old.csv")}


def test_loading_it_twice_changes_nothing() -> None:
    people = stop_files.read(f"{ADA}\n".encode()).named
    for _again in range(2):
        stop_files.stop_all(people, OLD, by=SYSTEM, at=TUESDAY)
    assert Suppression.objects.count() == 1


class TestTheCommand:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "old.csv"
        path.write_text(f"Email\n{ADA}\n{BOB}\n")
        return path

    def test_it_stops_them_for_who_may_record_stops(self, file: Path) -> None:
        out, who = StringIO(), UserFactory(role="sales_ops").username
        call_command("load_opt_outs", str(file), "--by", who, "--note", "Mailchimp", "--json", stdout=out)
        assert json.loads(out.getvalue()) == {"addresses": 2, "stopped": 2, "unreadable": []}
        assert stopped(ADA, BOB) == {ADA, BOB}

    def test_a_dry_run_stores_nothing(self, file: Path) -> None:
        out, who = StringIO(), UserFactory(role="sales_ops").username
        call_command("load_opt_outs", str(file), "--by", who, "--note", "x", "--dry-run", stdout=out)
        assert (out.getvalue(), Suppression.objects.count()) == ("2 addresses, 0 stopped\n", 0)

    def test_one_bad_line_keeps_all_out_and_is_named(self, file: Path) -> None:
        file.write_text(f"{ADA}\nnobody\n")
        with pytest.raises(CommandError, match="line 2: 'nobody'"):
            call_command("load_opt_outs", str(file), "--by", UserFactory(role="legal").username, "--note", "x")
        assert not Suppression.objects.exists()

    def test_who_may_not_record_stops_loads_nothing(self, file: Path) -> None:
        with pytest.raises(CommandError, match="may not record stops"):
            call_command("load_opt_outs", str(file), "--by", UserFactory(role="content").username, "--note", "x")

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        who = UserFactory(role="sales_ops").username
        with pytest.raises(CommandError, match=r"no\.csv: No such file"):
            call_command("load_opt_outs", str(tmp_path / "no.csv"), "--by", who, "--note", "x")


class TestTheForm:
    URL = "/admin/compliance/suppression/add/"

    @pytest.fixture
    def staff(self, client: Client) -> Client:
        client.force_login(UserFactory(role="sales_ops"))
        return client

    def given(self, content: bytes) -> dict[str, object]:
        return {"file": SimpleUploadedFile("old.csv", content), "reason": "imported", "note": "From Mailchimp."}

    def test_a_file_stops_everybody_in_it(self, staff: Client) -> None:
        assert staff.post(self.URL, self.given(f"{ADA}\n{BOB}\n".encode())).status_code == 302
        assert stopped(ADA, BOB) == {ADA, BOB}
        assert set(Suppression.objects.values_list("source", flat=True)) == {"old.csv"}

    def test_its_bad_lines_are_shown_and_nothing_is_stored(self, staff: Client) -> None:
        answer = staff.post(self.URL, self.given(f"{ADA}\n<b>nobody</b>\n".encode()))
        assert "Line 2 holds no plain address: &lt;b&gt;nobody&lt;/b&gt;" in answer.content.decode()
        assert not Suppression.objects.exists()

    def test_a_line_whose_letters_imitate_others_is_called_that(self, staff: Client) -> None:
        answer = staff.post(self.URL, self.given(f"{ADA}\n\u0430da@pumps.example\n".encode()))
        assert "Line 2 has letters that only look like others: \u0430da@pumps.example" in answer.content.decode()

    def test_an_empty_one_is_refused(self, staff: Client) -> None:
        assert "This file holds no address." in staff.post(self.URL, self.given(b"\n")).content.decode()
