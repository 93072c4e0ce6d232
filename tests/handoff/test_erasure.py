"""Who asked to be erased is nowhere any more, on either database, and does not come back (LAW SUP-06, EU-04)."""

import contextlib
import csv
import io
import json
import sqlite3
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.fixtures import Settings

from compliance import addresses, lifting, sealer, suppression
from compliance.acts import Consent
from compliance.models import AddressCard, OptIn, Suppression, SuppressionReason
from compliance.suppression import Stop
from handoff import erasure, judging
from handoff.judging import Heard
from sequences import lists, merging
from sequences.imports import storing
from sequences.inbound.intake import take
from sequences.models import Contact, Enrollment, ImportRun, OutboundMessage, RecipientList
from tests.cast import TUESDAY
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    UserFactory,
    approved_sequence,
    armed,
    having_read,
    playbook_loaded,
)
from tests.rungs import classified
from tests.sequences.campaign import State, broken_promises, play
from tests.sequences.scripted_smtp import ScriptedServer, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

EMAIL = "Zebulon.Quuxley@pumps.example.com"
SECOND = "zq-private@elsewhere.example.com"
TELLTALE = ("zebulon", "quuxley", "zq-private", "wobbleton", "keeper of zorps")
HEADER = ("Email", "First name", "Last name", "Title", "City", "Company", "Industry")
ROW = (EMAIL, "Zebulon", "Quuxley", "Keeper of Zorps", "Wobbleton", "Pumps", "pumps")


def dump() -> str:
    """Everything in every table, as text in small letters."""
    said: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - the names are the database's own
            said += [_text(value) for row in cursor.fetchall() for value in row]
    return "\n".join(said).lower()


def _text(value: object) -> str:
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)


def told_of() -> list[str]:
    found = dump()
    return [word for word in TELLTALE if word in found]


def load(folder: Path, by: User, name: str) -> dict[str, object]:
    """The real import, through its command."""
    path = folder / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, ROW])
    slug = RecipientList.objects.get(name=name).sequence_version.sequence.slug
    said = io.StringIO()
    arguments = ("--list", name, "--sequence", slug, "--by", by.username, "--at", TUESDAY.isoformat(), "--json")
    call_command("import_recipients", str(path), *arguments, stdout=said)
    found: dict[str, object] = json.loads(said.getvalue())
    return found


def reply(text: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Zebulon Quuxley <{EMAIL}>", "rick@ours.example.com", "Re: pumps"
    mail["In-Reply-To"] = OutboundMessage.objects.get().message_id
    mail.set_content(text)
    return mail.as_bytes()


@pytest.fixture
def ops() -> User:
    return UserFactory(role="sales_ops")


@pytest.fixture
def legal() -> User:
    return UserFactory(role="legal", username="lara")


@pytest.fixture
def zebulon(tmp_path: Path, ops: User) -> Contact:
    """Somebody with a history: imported, signed for, mailed, bounced once, answered, merged, stopped with a note."""
    armed()
    playbook_loaded()
    recipients = RecipientList.objects.create(
        name="Fair", sequence_version=approved_sequence(TUESDAY, steps=2), author=ops, created_at=TUESDAY
    )
    load(tmp_path, ops, "Fair")
    classified(list(Contact.objects.all()))
    said = Heard("E6", TUESDAY, source="fair", reference="badge 7", note="Zebulon Quuxley came by.")
    judging.hear(Contact.objects.get(), said, by=ops, at=TUESDAY)
    with ScriptedServer({"rcpt": [say(f"451 4.3.0 <{EMAIL}> later")]}) as server:
        MailboxFactory(port=server.port)
        row = lists.submit(recipients, by=ops, at=TUESDAY, consent=Consent())
        cro = UserFactory(role="cro")
        lists.sign(row, by=cro, at=TUESDAY, consent=having_read(row, cro, TUESDAY))
        Enrollment.objects.update(due_at=TUESDAY)
        play()
        OutboundMessage.objects.update(not_before=TUESDAY)
        play()
    assert OutboundMessage.objects.get().state == State.ACCEPTED
    take(reply("Tell me more. Zebulon"), at=TUESDAY)
    contact = Contact.objects.get()
    other = ContactFactory(address=SECOND, first_name="Zebulon", last_name="Quuxley")
    merging.merge_contacts(contact, other, by=ops, at=TUESDAY, consent=Consent(f"Zebulon says {SECOND} is his"))
    stop = Stop(SuppressionReason.BY_PHONE, evidence={"note": "Zebulon Quuxley rang"})
    suppression.stop_digest(AddressCard.objects.get(pk=contact.card_id).digest, stop, by=ops, at=TUESDAY)
    return contact


def bare_contact(ops: User) -> Contact:
    """The same person without a history, and an empty list "Again"."""
    playbook_loaded()
    version = approved_sequence(TUESDAY, steps=1)
    RecipientList.objects.create(name="Again", sequence_version=version, author=ops, created_at=TUESDAY)
    return ContactFactory(address=EMAIL, first_name="Zebulon", last_name="Quuxley")


def erase(contact: Contact, by: User) -> erasure.Erasure:
    return erasure.erase(contact, by=by, at=TUESDAY, reason=f"Mr Quuxley wrote from {EMAIL}, ticket 4711")


class TestEverywhere:
    def test_before_it_the_dump_is_full_of_them(self, zebulon: Contact) -> None:
        assert told_of() == list(TELLTALE)

    def test_afterwards_neither_address_nor_name_is_in_any_table(self, zebulon: Contact, legal: User) -> None:
        erase(zebulon, legal)
        assert told_of() == []

    def test_neither_are_they_in_what_this_host_keeps_beside_the_database(
        self, zebulon: Contact, legal: User, settings: Settings
    ) -> None:
        erase(zebulon, legal)
        kept = [path.read_bytes().decode("latin-1").lower() for path in settings.STATE_DIR.rglob("*") if path.is_file()]
        assert kept
        assert [word for word in TELLTALE for text in kept if word in text] == []

    def test_what_proves_that_we_kept_the_rules_still_holds(self, zebulon: Contact, legal: User) -> None:
        erase(zebulon, legal)
        sealer.seal_round(TUESDAY)
        assert sealer.verify().holds
        assert broken_promises() == {}

    def test_a_second_time_changes_nothing(self, zebulon: Contact, legal: User) -> None:
        assert erase(zebulon, legal).counts
        before = dump()
        assert erase(zebulon, legal).counts == {}
        assert dump() == before


class TestComingBack:
    def test_an_import_is_blocked_by_the_stop(self, zebulon: Contact, legal: User, ops: User, tmp_path: Path) -> None:
        erase(zebulon, legal)
        version = RecipientList.objects.get().sequence_version
        RecipientList.objects.create(name="Again", sequence_version=version, author=ops, created_at=TUESDAY)
        found = load(tmp_path, ops, "Again")
        assert [one["verdict"] for one in found["findings"]] == ["suppressed"]  # type: ignore[attr-defined]
        assert told_of() == []
        assert not ImportRun.objects.get(recipient_list__name="Again").recipient_list.rows.exists()

    def test_who_opts_in_again_begins_anew(self, legal: User, ops: User, tmp_path: Path) -> None:
        contact = bare_contact(ops)
        erase(contact, legal)
        wish = lifting.record_opt_in(
            addresses.parse(EMAIL), OptIn.Way.FORM, "Yes, please", "form 7", by=ops, at=TUESDAY
        )
        asked = lifting.ask(Suppression.objects.get(), wish, "They filled in our form", by=ops, at=TUESDAY)
        lifting.confirm(asked, by=legal, at=TUESDAY, consent=Consent("seen the form"))
        load(tmp_path, ops, "Again")
        again = Contact.objects.get(pk=contact.pk)
        assert (again.address, again.first_name, again.erased_at) == (EMAIL, "Zebulon", None)
        assert ImportRun.objects.get().recipient_list.rows.get().contact == again

    def test_an_import_under_way_does_not_bring_them_back(
        self, legal: User, ops: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        contact, really = bare_contact(ops), storing._store_people

        def after_the_verdict(*args: Any, **rest: Any) -> None:
            erase(contact, legal)
            really(*args, **rest)

        monkeypatch.setattr(storing, "_store_people", after_the_verdict)
        load(tmp_path, ops, "Again")
        assert told_of() == []
        assert not ImportRun.objects.get().recipient_list.rows.exists()

    def test_the_stop_says_why(self, zebulon: Contact, legal: User) -> None:
        erase(zebulon, legal)
        assert Suppression.objects.filter(person__isnull=False, reason=SuppressionReason.ERASED).count() == 1


class TestTheCommand:
    def run(self, email: str = EMAIL, **options: object) -> str:
        said = io.StringIO()
        call_command("erase", email, stdout=said, **{"reason": "ticket 4711", "by": "lara", **options})
        return said.getvalue()

    def refused(self, email: str = EMAIL, **options: object) -> str:
        with pytest.raises(CommandError) as error:
            self.run(email, **options)
        return str(error.value)

    def test_it_erases_by_any_address_in_any_spelling(self, zebulon: Contact, legal: User) -> None:
        assert "2  contacts" in self.run(SECOND.upper())
        assert told_of() == []

    def test_it_tells_programs_the_counts(self, zebulon: Contact, legal: User) -> None:
        found = json.loads(self.run(json=True))
        assert found["contact"] == zebulon.pk
        assert found["erased"]["mails"] == 1

    def test_the_second_time_it_says_so(self, zebulon: Contact, legal: User) -> None:
        self.run()
        assert "had been erased before" in self.run()

    def test_somebody_unknown_is_refused_without_repeating_the_address(self, legal: User) -> None:
        said = self.refused("nobody@example.com")
        assert "no contact" in said
        assert "nobody@" not in said

    @pytest.mark.parametrize("email", ["", "Zebulon", "a@b@c"])
    def test_what_is_no_address_is_refused(self, legal: User, email: str) -> None:
        assert "EMAIL" in self.refused(email)

    def test_a_reason_is_asked_for(self, legal: User) -> None:
        assert "--reason" in self.refused(reason=" ")

    def test_who_may_not_is_refused(self, zebulon: Contact) -> None:
        UserFactory(role="cmo", username="carl")
        assert "Your roles" in self.refused(by="carl")
        assert Contact.objects.get(pk=zebulon.pk).address

    def test_without_a_name_it_is_the_only_superuser(self, zebulon: Contact) -> None:
        assert "--by" in self.refused(by="")
        UserFactory(is_superuser=True)
        assert "contacts" in self.run(by="")


def test_what_a_file_of_sqlite_gives_up_is_overwritten(tmp_path: Path) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("how SQLite keeps its file")
    name, file = "Ada Byron of Marylebone " * 20, tmp_path / "file.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as opened:
        # Some builds of SQLite do so by themselves.
        opened.execute("PRAGMA secure_delete=OFF")
        opened.executescript(str(connection.settings_dict["OPTIONS"]["init_command"]))
        opened.execute("CREATE TABLE people (name TEXT)")
        opened.execute("INSERT INTO people VALUES (?)", [name])
        opened.commit()
        opened.execute("UPDATE people SET name = ''")
        opened.commit()
    assert b"Marylebone" not in file.read_bytes()
