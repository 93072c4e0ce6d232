"""The link of a letter works when nothing else is left, and who used it stays unsubscribed (FT-27, FT-28, FT-31)."""

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from compliance import cards
from compliance.addresses import parse
from compliance.append_only import lifted
from compliance.models import AddressCard, Suppression
from sequences import letters, planner
from sequences.inbound.intake import take
from sequences.models import Contact, OutboundMessage
from tests.cast import TUESDAY
from tests.compliance.asking import stopped
from tests.factories import ContactFactory
from tests.sequences.campaign import message, under_way

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def token() -> str:
    """That of a real letter to A+b@Gmail.com."""
    under_way(people=[ContactFactory(address="A+b@Gmail.com")])
    planner.plan_round(TUESDAY)
    raw = letters.freeze(message(), TUESDAY).decode(errors="replace").replace("=\r\n", "")
    return raw.partition("/u/")[2][:53]


def everything_is_gone() -> None:
    """Contact, list, sequence, message, cards, ledger: an empty database."""
    with lifted(connection):
        call_command("flush", verbosity=0, interactive=False)
    assert not Contact.objects.exists() | OutboundMessage.objects.exists() | AddressCard.objects.exists()


def rotate(settings: Settings, times: int = 3) -> None:
    newest = max(settings.HANDOFF_KEYS)
    for version in range(newest + 1, newest + 1 + times):
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, version: bytes([version]) * 32}


def click(token: str) -> int:
    return int(Client().post(f"/u/{token}", ONE_CLICK, FORM).status_code)


def test_the_link_works_when_nothing_is_left_and_three_keys_have_come_since(token: str, settings: Settings) -> None:
    everything_is_gone()
    rotate(settings)
    assert click(token) == 200
    assert Suppression.objects.get().digests.exists()
    assert stopped("a+b@gmail.com")


@pytest.mark.parametrize("again", ["A+b@Gmail.com", "a@gmail.com", "A@GOOGLEMAIL.COM", "a+news@googlemail.com"])
def test_whoever_comes_back_with_a_later_file_is_still_unsubscribed(token: str, settings: Settings, again: str) -> None:
    everything_is_gone()
    click(token)
    rotate(settings)
    cards.find_or_make([parse(again)], at=TUESDAY)
    assert stopped(again)


@pytest.mark.parametrize("times", [1, 3])
def test_a_letter_of_an_older_key_works_beside_newer_ones(token: str, settings: Settings, times: int) -> None:
    rotate(settings, times)
    assert click(token) == 200
    assert stopped("a+b@gmail.com")


def test_a_mail_to_the_address_works_when_nothing_is_left(token: str, settings: Settings) -> None:
    everything_is_gone()
    rotate(settings)
    take(b"Auto-Submitted: auto-generated\r\n\r\n", recipient=f"U-{token.upper()}@ours.example.com", at=TUESDAY)
    assert stopped("a+b@gmail.com")


def test_nobody_is_written_to_about_it(token: str) -> None:
    click(token)
    take(b"", recipient=f"u-{token}@ours.example.com", at=TUESDAY)
    assert mail.outbox == []
    assert OutboundMessage.objects.exclude(state=OutboundMessage.State.PLANNED).count() == 0
