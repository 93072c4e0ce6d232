"""Setting up is safe to repeat, says what is missing, and refuses a playbook that makes no sense."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from compliance import installation, playbook
from compliance.models import Installation, PlaybookVersion, Purpose
from handoff import installing
from handoff.playbook_files import PlaybookFile
from sequences.models import Mailbox
from tests.compliance.agreed import agreed

AT = datetime(2026, 9, 7, 7, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def _setup(**options: object) -> str:
    said = io.StringIO()
    call_command("setup", stdout=said, **options)
    return said.getvalue()


def test_setup_marks_a_new_installation_as_production() -> None:
    _setup()
    assert installation.purpose() == Purpose.PRODUCTION


def test_setup_run_twice_changes_nothing() -> None:
    _setup(playbook=str(installing.EXAMPLE))
    _setup(playbook=str(installing.EXAMPLE))
    assert (Installation.objects.count(), PlaybookVersion.objects.count()) == (1, 1)


def test_setup_says_everything_that_is_missing() -> None:
    missing = json.loads(_setup(json=True))["missing"]
    assert [row["what"] for row in missing] == [
        *("no administrator", "no playbook", "no mailbox"),
        "nobody has said what became of earlier opt-outs",
    ]


def test_setup_refuses_the_database_of_a_demo() -> None:
    installation.mark(Purpose.DEMO, at=AT)
    with pytest.raises(CommandError, match="belongs to a demo"):
        _setup()


def test_setup_makes_a_first_mailbox_from_the_staff_mail_server(settings: object) -> None:
    for name, value in {"EMAIL_HOST": "mail.example.com", "EMAIL_PORT": 587, "EMAIL_USE_TLS": True}.items():
        setattr(settings, name, value)
    setattr(settings, "EMAIL_HOST_PASSWORD", "hush")  # noqa: B010
    _setup(mailbox="rick@example.com", sender="Rick")
    mailbox = Mailbox.objects.get()
    assert (mailbox.host, mailbox.port, mailbox.security) == ("mail.example.com", 587, "starttls")
    assert "hush" not in mailbox.secret


def test_the_example_playbook_can_be_loaded() -> None:
    installing.load_playbook(installing.read_playbook(installing.EXAMPLE), at=AT)
    assert playbook.section("sender")["legal_name"] == "Northwind Advisory LLC"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not toml at all", "Expected"),
        ('[sender]\nlegal_name = "A"\n', "sender.postal_address: missing"),
        ('[sender]\nlegal_name = "A"\npostal_address = "B"\n[caps.person]\nlimit = 0\nhours = 1\n', "caps.person"),
        ("[caps.person]\nlimit = 2\nhours = 48\n", "caps.person.because"),
        ("[caps.persons]\nlimit = 1\nhours = 48\n", "caps.persons"),
        ("caps = 3\n", "caps: needs"),
        ("[approvals]\nvalid_days = 31\n", "approvals.because"),
        (
            '[sender]\nlegal_name = "A"\npostal_address = "B"\n[sequences]\n'
            'windows = [{ days = ["funday"], opens = "08:00", closes = "09:00" }]\n',
            "row 1",
        ),
    ],
)
def test_a_playbook_that_makes_no_sense_is_refused_naming_the_place(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(text)
    with pytest.raises(CommandError, match=f"(?s)ours.toml: .*{says}"):
        _setup(playbook=str(path))
    assert not PlaybookVersion.objects.exists()


def test_until_something_is_agreed_another_file_is_in_force_at_once() -> None:
    _setup(playbook=str(installing.EXAMPLE))
    installing.load_playbook(_other(), at=AT)
    assert (playbook.active().number, playbook.is_example()) == (2, True)


def test_once_something_is_agreed_another_file_waits_for_signatures() -> None:
    agreed("Agreed", recipients={})
    said = io.StringIO()
    call_command("setup", playbook=str(installing.EXAMPLE), stderr=said, stdout=io.StringIO())
    assert (playbook.active().title, said.getvalue()) == (
        "Agreed",
        "Playbook 2 is stored; it begins once CMO and CRO have signed it.\n",
    )


def _other() -> PlaybookFile:
    file = installing.read_playbook(installing.EXAMPLE)
    return replace(file, document={**file.document, "recipients": {"never_domains": ["rival.example.com"]}})


def test_a_playbook_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="gone.toml"):
        _setup(playbook=str(tmp_path / "gone.toml"))
