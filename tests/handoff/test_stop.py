"""`stop` and `halts`: the kill switch of the command line, also when the database is away (LAW PIP-13; spec X8)."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as ours
from django.core.management import CommandError, call_command

from compliance import halts, host_stop
from compliance.models import AuditEntry, Halt
from handoff.demo.catcher import Catcher
from sequences import planner, sender
from sequences.models import Attempt, OutboundMessage, Template
from tests.cast import TUESDAY
from tests.factories import MailboxFactory, RecipientListFactory, UserFactory, approved_sequence
from tests.sequences.campaign import State, message, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = pytest.mark.django_db

WHY = ("--reason", "Odd replies.")


def stop(*words: str) -> str:
    said = io.StringIO()
    call_command("stop", *words, stdout=said)
    return said.getvalue()


def refused(*words: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as error:
        stop(*words)
    return error.value.returncode, str(error.value)


def process(*words: str, state: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    told = {**os.environ, "HANDOFF_STATE_DIR": str(state), **environment}
    command = [sys.executable, "manage.py", "stop", *words]
    return subprocess.run(command, cwd=ours.ROOT, env=told, capture_output=True, text=True, timeout=60, check=False)


class TestStopping:
    def test_everything(self) -> None:
        assert "Stopped since" in stop("--everything", *WHY)
        row = Halt.objects.get()
        assert (row.scope, row.reason, row.placed_by) == (halts.EVERYTHING, "Odd replies.", "system")

    def test_in_the_name_of_a_member_of_staff(self) -> None:
        user = UserFactory(role="rep", username="tom")
        stop("--everything", *WHY, "--by", "tom")
        assert AuditEntry.objects.get(verb="halt.placed").actor == f"user:{user.pk}"

    @pytest.mark.parametrize(
        ("kind", "name", "scope"),
        [
            ("mailbox", "Rick@ours.example.com", "mailbox:"),
            ("domain", "ours.example.com", "sending-domain:ours.example.com"),
        ],
    )
    def test_a_mailbox_or_its_domain(self, kind: str, name: str, scope: str) -> None:
        MailboxFactory(address="rick@ours.example.com")
        stop(f"--{kind}", name, *WHY)
        assert [found.startswith(scope) for found in halts.standing()] == [True]

    def test_a_sequence_a_template_a_list_and_a_recipients_domain(self) -> None:
        row = under_way()
        assert row.sequence_version is not None
        stop("--sequence", row.sequence_version.sequence.name, *WHY)
        template = Template.objects.get()
        stop("--template", template.slug.upper(), *WHY)
        stop("--list", row.name, *WHY)
        stop("--recipient-domain", "pumps.example.com", *WHY)
        wanted = {row.sequence_version.sequence.key, template.key, row.key, "recipient-domain:pumps.example.com"}
        assert set(halts.standing()) == wanted

    def test_two_lists_that_differ_in_case_alone_both_stop(self) -> None:
        version = approved_sequence(TUESDAY)
        rows = [RecipientListFactory(name=name, sequence_version=version) for name in ("Spring", "SPRING")]
        stop("--list", "spring", *WHY)
        assert set(halts.standing()) == {row.key for row in rows}

    def test_twice_is_once_and_says_since_when(self) -> None:
        assert stop("--everything", *WHY) == stop("--everything", *WHY)

    def test_as_json(self) -> None:
        found = json.loads(stop("--everything", *WHY, "--json"))
        assert [one["scope"] for one in found["halts"]] == [halts.EVERYTHING]


class TestWhatItAnswers:
    @pytest.mark.parametrize("kind", ["mailbox", "domain", "sequence", "template", "list"])
    def test_what_nothing_is_called_leaves_with_1_and_says_what_there_is(self, kind: str) -> None:
        row = under_way()
        assert row.sequence_version is not None
        code, said = refused(f"--{kind}", "nowhere.example", *WHY)
        names = {
            "list": row.name,
            "sequence": row.sequence_version.sequence.name,
            "template": Template.objects.get().name,
        }
        known = names.get(kind, "ours.example.com")
        assert (code, known.lower() in said) == (1, True)
        assert not Halt.objects.exists()

    @pytest.mark.parametrize(
        "words",
        [
            ("--everything",),
            ("--everything", "--reason", " "),
            ("--everything", *WHY, "--by", "nobody"),
            ("--everything", *WHY, "--remove"),
        ],
    )
    def test_what_is_not_understood_leaves_with_2(self, words: tuple[str, ...]) -> None:
        assert refused(*words)[0] == 2
        assert not Halt.objects.exists()

    def test_somebody_who_may_not_stop_is_no_name_to_stop_in(self) -> None:
        UserFactory(role="integration", username="robot")
        assert refused("--everything", *WHY, "--by", "robot")[0] == 2

    def test_the_help_says_where_it_is_started_again(self, tmp_path: Path) -> None:
        assert "two people" in " ".join(process("--help", state=tmp_path).stdout.split())

    @pytest.mark.parametrize("words", [(), ("--everything", "--this-host")])
    def test_one_thing_is_stopped_at_a_time(self, tmp_path: Path, words: tuple[str, ...]) -> None:
        assert process(*words, *WHY, state=tmp_path).returncode == 2


class TestThisHost:
    def test_it_needs_no_database(self, tmp_path: Path) -> None:
        nowhere = {"DATABASE_URL": f"sqlite:///{tmp_path}/no/such/folder.sqlite3"}
        stopped = process("--this-host", *WHY, state=tmp_path, **nowhere)
        assert (stopped.returncode, (tmp_path / "STOP").exists()) == (0, True)
        assert process("--this-host", "--remove", state=tmp_path, **nowhere).returncode == 0
        assert not (tmp_path / "STOP").exists()
        assert process("--this-host", "--remove", state=tmp_path, **nowhere).returncode == 1

    @pytest.mark.parametrize("words", [("--everything",), ("--mailbox", "rick@ours.example.com")])
    @pytest.mark.parametrize(
        "database",
        ["sqlite:///{folder}/no/such/folder.sqlite3", "postgres://nobody@127.0.0.1:9/x", "sqlite:///{folder}/empty"],
    )
    def test_without_a_database_it_stops_this_host_and_says_so(
        self, tmp_path: Path, words: tuple[str, ...], database: str
    ) -> None:
        found = process(*words, *WHY, state=tmp_path, DATABASE_URL=database.format(folder=tmp_path))
        assert found.returncode == 3, found.stderr
        assert "THIS HOST ONLY is stopped" in found.stdout
        assert json.loads((tmp_path / "STOP").read_text())["reason"] == "Odd replies."

    def test_nothing_is_taken_or_sent_here(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            planner.plan_round(TUESDAY)
            stop("--this-host", *WHY)
            assert sender.send_round(TUESDAY) == {"halted_on_host": 1}
        assert server.log == []
        assert message().state == State.PLANNED

    def test_pressed_while_a_message_is_at_the_server_it_does_not_pass_the_door(self) -> None:
        def press(_recipient: str) -> None:
            host_stop.place("Now.", by="", at=TUESDAY)

        with Catcher(refuse=press) as server:
            under_way(server.port, people=3)
            play()
        assert server.caught == []
        assert set(OutboundMessage.objects.values_list("state", flat=True)) == {State.PLANNED}
        assert sorted(OutboundMessage.objects.values_list("reason", flat=True))[-1] == "halted_on_host"
        assert not Attempt.objects.exists()

    def test_taken_away_it_goes_on(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            stop("--this-host", *WHY)
            play()
            stop("--this-host", "--remove")
            assert play() == {"accepted": 1}

    def test_a_file_that_cannot_be_written_is_said(self, settings: Any, tmp_path: Path) -> None:
        (tmp_path / "plain").write_text("")
        settings.STATE_DIR = tmp_path / "plain"
        code, said = refused("--this-host", *WHY)
        assert (code, "could not be written" in said) == (1, True)


class TestTheList:
    def listed(self, *words: str) -> str:
        said = io.StringIO()
        call_command("halts", *words, stdout=said)
        return said.getvalue()

    def test_it_says_what_stands_and_why(self) -> None:
        assert self.listed() == "no halt stands\n"
        stop("--everything", *WHY)
        assert "All sending: since" in self.listed()
        assert "Odd replies." in self.listed()

    def test_as_json(self) -> None:
        stop("--everything", *WHY)
        stop("--this-host", *WHY)
        found = json.loads(self.listed("--json"))
        assert (found["this_host"], [one["scope"] for one in found["halts"]]) == (True, [halts.EVERYTHING])
