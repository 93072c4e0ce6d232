"""The way mail comes in: files, or a mail server's pipe, which keeps what was not taken (RFC 2369; LAW UNS-13)."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from compliance import tokens
from compliance.models import Suppression
from sequences.models import InboundMessage
from tests.factories import ContactFactory
from tests.processes import ROOT, environment

MAIL = b"From: ada@customer.example\r\nTo: rick@ours.example.com\r\n\r\nHello.\r\n"


def address() -> str:
    token = tokens.make(tokens.Purpose.UNSUBSCRIBE, message=1, digest=ContactFactory().card.digest)
    return f"u-{token}@ours.example.com"


def ingested(*files: Path, recipient: str = "") -> list[dict[str, object]]:
    """What the command says of each file."""
    said = io.StringIO()
    call_command("ingest_mail", *map(str, files), recipient=recipient, json=True, stdout=said)
    return [json.loads(line) for line in said.getvalue().splitlines()]


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    file = tmp_path / "mail.eml"
    file.write_bytes(MAIL)
    return file


@pytest.mark.django_db
class TestFiles:
    def test_each_is_stored_and_told(self, mail: Path) -> None:
        said = ingested(mail)[0]
        assert said["id"] == InboundMessage.objects.get().pk
        assert (said["file"], said["verdict"], said["state"]) == (str(mail), "other", "waiting")

    def test_an_opt_out_is_obeyed(self, mail: Path) -> None:
        assert ingested(mail, recipient=address())[0]["verdict"] == "opt_out"
        assert Suppression.objects.count() == 1

    def test_people_are_told_in_words(self, mail: Path) -> None:
        said = io.StringIO()
        call_command("ingest_mail", str(mail), stdout=said)
        assert said.getvalue() == f"{mail}: something else, waits\n"

    def test_one_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="nothing was taken in"):
            ingested(tmp_path / "nowhere.eml")

    def test_without_the_database_the_mail_server_is_asked_to_keep_it(self, mail: Path) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE sequences_inboundmessage RENAME TO elsewhere")
        with pytest.raises(CommandError, match="did not answer") as error:
            ingested(mail)
        assert error.value.returncode == 75


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_pipe_is_read_to_its_end() -> None:
    command = [sys.executable, "manage.py", "ingest_mail", "--recipient", address()]
    done = subprocess.run(command, input=MAIL * 1000, cwd=ROOT, env=environment(), capture_output=True, check=False)
    assert done.returncode == 0
    assert bytes(InboundMessage.objects.get().raw) == MAIL * 1000
    assert Suppression.objects.count() == 1
