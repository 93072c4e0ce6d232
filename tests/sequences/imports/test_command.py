"""`import_recipients`: twelve lists as they arrive, every bad file, what it says and what it leaves."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from compliance import installation
from compliance.models import Purpose, Suppression
from sequences.models import Contact, ImportRun, RecipientList
from tests.cast import LONG_AGO, TUESDAY
from tests.factories import ContactFactory, UserFactory, drafted_sequence, running_list
from tests.sequences.imports import samples
from tests.sequences.imports.conftest import ADA, Desk

pytestmark = pytest.mark.django_db

NUMBERS = range(1, len(samples.FILES) + 1)
ALSO_IN_THE_FIRST = {2: 8, 3: 4, 7: 1, 9: 2}
KEYS = ["file", "list", "rows", "verdicts", "flags", "findings", "stored"]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_dry_run_gives_every_sample_the_counts_demanded(desk: Desk, number: int) -> None:
    name, told = samples.FILES[number - 1], desk.sample(number, "--dry-run")
    wanted, flags, found = samples.demanded(0, samples.VERDICTS)[name], told.data["flags"], told.counts()
    by_itself = ("duplicate", "invalid", "role", "free_mail", "look_alike")
    assert {verdict: found.get(verdict, 0) for verdict in by_itself} == {key: wanted[key] for key in by_itself}
    assert sum(found.get(key, 0) for key in _OF_NEW) == wanted["new"]
    assert flags == samples.demanded(1, samples.FLAGS)[name]


_OF_NEW = ("new", "missing_value", "opted_out", "no_legal_basis", "address_guessed")


@pytest.mark.parametrize("number", NUMBERS)
def test_what_the_source_itself_says_is_shown_exactly_as_often(desk: Desk, number: int) -> None:
    told = desk.sample(number, "--dry-run")
    found, flags = told.counts(), told.data["flags"]
    said = (found.get("opted_out", 0), found.get("no_legal_basis", 0), found.get("address_guessed", 0))
    assert said == (flags["opted_out"], flags["no_consent"], flags["guessed"])


def test_the_first_sample_is_stored_as_its_counts_say(desk: Desk) -> None:
    counts = desk.sample(1).counts()
    assert (counts["new"], counts["missing_value"], counts["opted_out"]) == (300, 6, 12)
    assert (len(desk.people()), Contact.objects.count(), Suppression.objects.count()) == (306, 306, 12)


def test_the_first_sample_twice_changes_nothing(desk: Desk) -> None:
    desk.sample(1)
    counts = desk.sample(1).counts()
    assert "new" not in counts
    assert (counts["unchanged"], counts["missing_value"]) == (300, 6)
    assert (len(desk.people()), Contact.objects.count(), Suppression.objects.count()) == (306, 306, 12)


def test_people_of_the_first_sample_are_known_in_the_others(desk: Desk) -> None:
    desk.sample(1)
    known = {}
    for number in ALSO_IN_THE_FIRST:
        counts = desk.sample(number, "--dry-run").counts()
        known[number] = counts.get("changed", 0) + counts.get("unchanged", 0)
    assert known == ALSO_IN_THE_FIRST


def test_a_dry_run_stores_nothing(desk: Desk) -> None:
    told = desk.run(desk.file(ADA), "--dry-run")
    assert told.data["stored"] is False
    assert not Contact.objects.exists()
    assert not ImportRun.objects.exists()


def test_the_object_has_exactly_these_keys(desk: Desk) -> None:
    told = desk.run(desk.file(ADA))
    assert list(told.data) == KEYS
    assert (told.data["file"], told.data["rows"], told.data["stored"]) == ("people.csv", 1, True)


def test_a_finding_names_line_verdict_code_and_field(desk: Desk) -> None:
    told = desk.run(desk.file(ADA, ("info@pumps.example.com", "I", "", "Pumps", "")))
    assert told.finding(3) == ("role", "role", "address")


def test_the_table_shows_counts_and_findings(desk: Desk) -> None:
    output = StringIO()
    path = desk.file(ADA, ("info@pumps.example.com", "I", "", "Pumps", ""))
    call_command("import_recipients", *desk.arguments(path), stdout=output)
    assert "1  new" in output.getvalue()
    assert "line 3: role address" in output.getvalue()


def test_a_list_is_made_in_draft_by_whoever_loads(desk: Desk) -> None:
    call_command("import_recipients", *_named(desk, "June"), stdout=StringIO())
    june = RecipientList.objects.get(name="June")
    assert (june.state, june.author, june.created_at) == ("draft", desk.lena, TUESDAY)
    assert june.rows.count() == 1


def test_a_dry_run_makes_no_list(desk: Desk) -> None:
    call_command("import_recipients", *_named(desk, "June"), "--dry-run", stdout=StringIO())
    assert not RecipientList.objects.filter(name="June").exists()


def test_people_added_to_a_running_list_wait_for_a_signature(desk: Desk) -> None:
    row = running_list(TUESDAY, [ContactFactory()], desk.recipients.sequence_version)
    Desk(desk.folder, row, desk.lena).run(desk.file(ADA))
    assert list(row.rows.filter(signed_leaf="").values_list("contact__address", flat=True)) == [ADA[0]]


def test_without_a_name_the_only_superuser_loads(desk: Desk) -> None:
    root = UserFactory(is_superuser=True)
    arguments = [one for one in desk.arguments(desk.file(ADA)) if one not in {"--by", "lena"}]
    call_command("import_recipients", *arguments, stdout=StringIO())
    assert ImportRun.objects.get().by == root


def test_columns_may_be_named(desk: Desk) -> None:
    path = desk.file(ADA, header=("Wohin", "Rufname", "Sippe", "Laden", "Fach"))
    names = ("address=Wohin", "first_name=Rufname", "account=Laden", "industry=Fach")
    told = desk.run(path, *(part for name in names for part in ("--map", name)))
    assert told.counts() == {"new": 1}


def test_a_preset_may_be_named(desk: Desk) -> None:
    desk.run(desk.file(ADA), "--preset", "hubspot")
    assert ImportRun.objects.get().preset == "hubspot"
    assert Contact.objects.get().source == "HubSpot"


def test_the_basis_of_silent_rows_may_be_named(desk: Desk) -> None:
    desk.run(desk.file(ADA), "--basis", "consent")
    assert Contact.objects.get().basis == "consent"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "people.csv: the file is empty"),
        (b"\x00\x01\x02\xff" * 50, "people.csv: the file cannot be read"),
        (b"PK\x03\x04 not a workbook", "people.csv: the file cannot be read"),
        (
            "Email,Name\nb\u00fccher@x.example.com,B\n".encode() + b"x@y.example.com,\x81\n",
            "people.csv, row 3: the file is not",
        ),
        (b"First name,Last name\nAda,Byron\n", "people.csv, address: a column is missing"),
        (b"Email,Name\nada@x.example.com," + b"x" * 10_000_000, "people.csv, row 2, column 2: a cell is too large"),
        (b'Email,Name\nada@x.example.com,"Ada', "people.csv, row 2, column 2: the file cannot be read"),
    ],
    ids=["empty", "binary", "broken workbook", "encoding", "no address column", "10 MB cell", "open quote"],
)
def test_a_bad_file_is_told_in_one_line_and_nothing_is_stored(desk: Desk, content: bytes, said: str) -> None:
    path = desk.folder / "people.csv"
    path.write_bytes(content)
    message = _refused(desk, path)
    assert message.startswith(said)
    assert "\n" not in message
    assert not RecipientList.objects.exclude(pk=desk.recipients.pk).exists()


def test_a_file_that_is_bad_at_its_end_leaves_nothing_of_its_beginning(desk: Desk) -> None:
    rows = [(f"p{number}@x.example.com", "P", "", "X", "x") for number in range(700)]
    path = desk.file(*rows, ("late@x.example.com", "x" * 200_000, "", "", ""))
    assert _refused(desk, path).startswith("people.csv, row 702, column 2: a cell is too large")
    assert not Contact.objects.exists()


def test_an_absent_file_is_told(desk: Desk) -> None:
    assert _refused(desk, desk.folder / "nobody.csv").startswith("nobody.csv: the file cannot be read")


def test_a_folder_is_no_file(desk: Desk) -> None:
    assert "the file cannot be read" in _refused(desk, desk.folder)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (("--map", "address=Nowhere"), "people.csv, address: a column is missing"),
        (("--map", "shoe_size=Email"), "people.csv, shoe_size: this is not the name of a field"),
        (("--map", "address"), "--map address: write FIELD=HEADER"),
        (("--by", "nobody"), "--by nobody: there is no active user of that name"),
        (("--sequence", "none-such"), "list 'List"),
        (("--list", "New", "--sequence", "none-such"), "sequence 'none-such': there is no approved version"),
        (("--list", "x" * 161), "list: a list has a name of 1 to 160 characters"),
        (("--at", "tomorrow"), "--at tomorrow: not an ISO 8601 moment"),
    ],
)
def test_a_wrong_argument_is_told(desk: Desk, extra: tuple[str, ...], said: str) -> None:
    assert _refused(desk, desk.file(ADA), *extra).startswith(said)


def test_a_sequence_that_is_not_approved_takes_nobody(desk: Desk) -> None:
    draft = drafted_sequence(TUESDAY, steps=1)
    said = _refused(desk, desk.file(ADA), "--list", "New", "--sequence", draft.sequence.slug)
    assert "there is no approved version" in said


def test_who_may_not_import_is_told(desk: Desk) -> None:
    cmo = UserFactory(role="cmo")
    said = _refused(desk, desk.file(ADA), "--by", cmo.username)
    assert said == "Your roles do not include importing contacts."


def test_without_exactly_one_superuser_a_name_is_asked_for(desk: Desk) -> None:
    arguments = [one for one in desk.arguments(desk.file(ADA)) if one not in {"--by", "lena"}]
    with pytest.raises(CommandError, match="--by USERNAME"):
        call_command("import_recipients", *arguments)


def test_a_live_installation_plays_no_time(desk: Desk) -> None:
    installation.mark(Purpose.PRODUCTION, at=LONG_AGO)
    later = TUESDAY + timedelta(days=3650)
    assert "lies in the future" in _refused(desk, desk.file(ADA), "--at", later.isoformat())


def _named(desk: Desk, name: str) -> list[str]:
    arguments = list(desk.arguments(desk.file(ADA)))
    arguments[arguments.index("--list") + 1] = name
    return arguments


def _refused(desk: Desk, path: Path, *extra: str) -> str:
    output = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("import_recipients", *desk.arguments(path), *extra, stdout=output)
    assert output.getvalue() == ""
    return str(refused.value)
