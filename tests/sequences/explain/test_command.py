"""`manage.py explain`: the story or one JSON object, a plain word for whoever mistypes, and a record of who looked."""

import json

import pytest
from django.core.management import CommandError, call_command

from compliance.models import AuditEntry
from sequences.models import Contact
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory, playbook_loaded
from tests.sequences.campaign import opt_out, under_way

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Contact:
    playbook_loaded()
    UserFactory(is_superuser=True)
    return ContactFactory()


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("explain", *arguments)
    return capsys.readouterr().out


def test_a_person_is_explained_as_a_story(ada: Contact, capsys: pytest.CaptureFixture[str]) -> None:
    under_way(people=[ada], at=TUESDAY)
    told = asked(capsys, ada.address.upper())
    assert "\nWho\n" in told
    assert "\nWhat comes next\n" in told
    assert f"<{ada.address}>" in told


def test_programs_get_one_object(ada: Contact, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(asked(capsys, ada.address, "--json"))
    assert [one["id"] for one in found["person"]["contacts"]] == [ada.pk]


def test_that_somebody_looked_is_recorded_without_the_address(ada: Contact, capsys: pytest.CaptureFixture[str]) -> None:
    maren = UserFactory(role="legal")
    asked(capsys, ada.address, "--by", maren.username)
    entry = AuditEntry.objects.get(verb="personal.viewed")
    assert (entry.actor, entry.subject) == (f"user:{maren.pk}", f"sequences.contact:{ada.pk}")
    assert ada.address not in str(entry.data)


def test_who_is_known_by_a_stop_alone_is_explained(ada: Contact, capsys: pytest.CaptureFixture[str]) -> None:
    opt_out("stranger@example.com")
    told = asked(capsys, "stranger@example.com")
    assert "by its digests alone" in told
    assert "Stop: one-click unsubscribe" in told


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("nonsense", "not exactly one plain address"),
        ("nobody@example.com", "nobody has this address"),
        ("info@example.com", "An import would leave it out: The address belongs to a role"),
    ],
)
def test_an_address_that_leads_nowhere_says_why(ada: Contact, address: str, says: str) -> None:
    with pytest.raises(CommandError, match=says) as error:
        call_command("explain", address)
    assert error.value.returncode == 1


def test_nobody_is_shown_to_whoever_may_not_look(ada: Contact, capsys: pytest.CaptureFixture[str]) -> None:
    jonah = UserFactory(role="content")
    with pytest.raises(CommandError, match="Your roles do not include this"):
        call_command("explain", ada.address, by=jonah.username)
    assert capsys.readouterr().out == ""
    assert not AuditEntry.objects.filter(verb="personal.viewed").exists()


def test_somebody_has_to_ask(ada: Contact) -> None:
    UserFactory(is_superuser=True)
    with pytest.raises(CommandError, match="say who asks"):
        call_command("explain", ada.address)
