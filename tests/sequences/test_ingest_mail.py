"""The way mail comes in: files, or a mail server's pipe, which keeps what was not taken (RFC 2369; LAW UNS-13)."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from compliance import heartbeats, tokens
from compliance.models import Hold, Suppression
from sequences.inbound.intake import take
from sequences.models import InboundMessage, MessageEvent, OutboundMessage
from sequences.planner import plan_round
from tests.cast import TUESDAY
from tests.factories import ContactFactory, MailboxFactory
from tests.processes import ROOT, environment
from tests.sequences.campaign import under_way
from tests.sequences.inbound.mails import answer, bounce

MAIL = b"From: ada@customer.example\r\nTo: rick@ours.example.com\r\n\r\nHello.\r\n"


def address() -> str:
    token = tokens.make(tokens.Purpose.UNSUBSCRIBE, message=1, digest=ContactFactory().card.digest)
    return f"u-{token}@ours.example.com"


def ingested(*files: Path, recipient: str = "", **options: object) -> list[dict[str, object]]:
    """What the command says of each mail."""
    said = io.StringIO()
    call_command("ingest_mail", *map(str, files), recipient=recipient, json=True, stdout=said, **options)
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


@pytest.fixture
def message() -> OutboundMessage:
    under_way()
    plan_round(TUESDAY)
    return OutboundMessage.objects.select_related("enrollment__contact").get()


@pytest.mark.django_db
class TestWhatIsToldOfEach:
    def test_what_it_is_and_what_it_answers(self, tmp_path: Path, message: OutboundMessage) -> None:
        (tmp_path / "a").write_bytes(answer("Please remove me.", sender="x@y.example", In_Reply_To=message.message_id))
        (said,) = ingested(tmp_path / "a")
        row = InboundMessage.objects.get()
        assert said == {
            "file": str(tmp_path / "a"),
            "id": row.pk,
            "verdict": "opt_out",
            "subclass": "unsubscribe",
            "confidence": row.confidence,
            "words": row.words,
            "language": "en",
            "return_date": None,
            "permanent": True,
            "bounce": None,
            "matched_by": "in_reply_to",
            "message": message.ref,
            "contact": message.enrollment.contact_id,
            "state": "routed",
        }

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_whom_a_bounce_did_not_reach(self, tmp_path: Path, message: OutboundMessage, dry_run: bool) -> None:
        address = message.enrollment.contact.address
        (tmp_path / "a").write_bytes(bounce(f"Message-ID: {message.message_id}", recipient=address))
        (said,) = ingested(tmp_path / "a", dry_run=dry_run)
        assert said["bounce"] == {"kind": "hard", "status": "5.1.1", "recipients": [address]}
        assert (said["verdict"], said["message"], said["state"]) == ("bounce", message.ref, "routed")


@pytest.mark.django_db
class TestManyAtOnce:
    def test_of_a_folder_each_file(self, tmp_path: Path) -> None:
        for name in ("b.eml", "a.eml"):
            (tmp_path / name).write_bytes(MAIL + name.encode())
        assert [said["file"] for said in ingested(tmp_path)] == [str(tmp_path / "a.eml"), str(tmp_path / "b.eml")]

    def test_of_an_mbox_each_mail_by_its_number(self, tmp_path: Path) -> None:
        border = b"From ada@customer.example Tue Nov 17 09:12:00 2026\n"
        (tmp_path / "box").write_bytes(border + MAIL + b"1\n\n" + border + MAIL + b"2\n")
        assert [said["file"] for said in ingested(tmp_path / "box")] == [f"{tmp_path}/box#1", f"{tmp_path}/box#2"]
        assert InboundMessage.objects.count() == 2

    def test_a_bad_file_is_told_by_name_and_the_rest_goes_on(
        self, mail: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(CommandError, match=r"nowhere\.eml") as error:
            ingested(tmp_path / "nowhere.eml", mail)
        assert error.value.returncode == 1
        assert "nowhere.eml" in capsys.readouterr().err
        assert InboundMessage.objects.count() == 1

    def test_an_inbox_of_which_a_file_was_not_read_was_not_read(self, mail: Path, tmp_path: Path) -> None:
        mailbox = MailboxFactory()
        with pytest.raises(CommandError):
            ingested(mail, tmp_path / "nowhere.eml", inbox=mailbox.address)
        assert heartbeats.owed(heartbeats.Kind.INBOX) == {}

    def test_hostile_ones_stop_nothing(self, tmp_path: Path) -> None:
        for number, raw in enumerate(
            (b"\0\xff", b"Message-ID: <>\n\n", b"", b"Content-Type: text/plain; charset=x\n\n\xff")
        ):
            (tmp_path / str(number)).write_bytes(raw)
        assert len(ingested(tmp_path)) == InboundMessage.objects.count() == 4


@pytest.mark.django_db
class TestDryRun:
    def test_it_says_what_would_be_and_stores_nothing(self, tmp_path: Path, message: OutboundMessage) -> None:
        (tmp_path / "a").write_bytes(answer("Please remove me.", sender="x@y.example", In_Reply_To=message.message_id))
        (said,) = ingested(tmp_path / "a", dry_run=True)
        assert (said["id"], said["verdict"], said["message"], said["state"]) == (None, "opt_out", message.ref, "routed")
        assert not any(rows.objects.exists() for rows in (InboundMessage, Suppression, Hold, MessageEvent))

    def test_it_says_the_same_as_the_real_run(self, tmp_path: Path, message: OutboundMessage) -> None:
        contact = message.enrollment.contact
        (tmp_path / "a").write_bytes(answer(sender=contact.address))
        (tmp_path / "b").write_bytes(answer("I am away.", sender=contact.address, Auto_Submitted="auto-replied"))
        (tmp_path / "c").write_bytes(bounce(f"Message-ID: {message.message_id}", recipient=contact.address))
        (tmp_path / "d").write_bytes(MAIL)
        foreseen, done = ingested(tmp_path, dry_run=True), ingested(tmp_path)
        assert foreseen == [{**said, "id": None} for said in done]

    def test_without_a_database_it_says_what_each_is(self, mail: Path, tmp_path: Path) -> None:
        away = environment_without_database(tmp_path)
        command = [sys.executable, "manage.py", "ingest_mail", "--dry-run", "--json", str(mail)]
        done = subprocess.run(command, cwd=ROOT, env=away, capture_output=True, check=False)
        assert done.returncode == 0
        assert b"does not answer" in done.stderr
        assert json.loads(done.stdout)["matched_by"] == ""


def environment_without_database(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/nowhere/none.sqlite3"}


@pytest.mark.django_db
def test_what_is_known_already_is_told_as_it_is_by_now(mail: Path) -> None:
    row = take(MAIL, at=TUESDAY)
    assert ingested(mail)[0]["id"] == row.pk


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_pipe_is_read_to_its_end() -> None:
    command = [sys.executable, "manage.py", "ingest_mail", "--recipient", address()]
    done = subprocess.run(command, input=MAIL * 1000, cwd=ROOT, env=environment(), capture_output=True, check=False)
    assert done.returncode == 0
    assert bytes(InboundMessage.objects.get().raw) == MAIL * 1000
    assert Suppression.objects.count() == 1
