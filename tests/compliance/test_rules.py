"""The ledger's own reasons: stops, functions instead of persons, origin and basis."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from compliance import cards, clearance, suppression
from compliance.addresses import parse
from compliance.asking import Ask, MessageClass
from compliance.clearance import Ruling
from compliance.models import AddressCard, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import ADA, ask, clear, stop, stop_domain
from tests.factories import playbook_loaded

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere, pytest.mark.usefixtures("ledger_rules", "_a_playbook")]


@pytest.fixture
def _a_playbook(ledger_rules: None) -> None:
    playbook_loaded()


def preview(question: Ask) -> Ruling:
    (ruling,) = clearance.preview([question], TUESDAY)
    return ruling


def code(text: str = ADA, **columns: Any) -> str:
    return preview(ask(text, **columns)).code


def stranger(text: str) -> Ask:
    """Somebody in a file that is only being looked at."""
    return Ask(ref="row/1", address=parse(text), source="trade_fair", basis="consent")


# --- stops ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["Ada@Pumps.example.com", "ada+x@pumps.example.com"])
def test_a_stop_refuses_every_spelling_and_ends_the_passage(written: str) -> None:
    row = stop()
    (ruling,) = clear(ask(written))
    assert (ruling.code, ruling.decisive.ends) == ("suppressed", True)
    assert ruling.decisive.why["order"] == row.order_no


def test_a_stop_refuses_somebody_without_a_card() -> None:
    stop()
    assert preview(stranger("ADA@pumps.example.com")).code == "suppressed"


def test_a_stop_for_the_domain_refuses() -> None:
    stop_domain("example.com")
    assert code() == "suppressed"


def test_a_stop_holds_although_the_card_is_that_of_another_address() -> None:
    stop("ada@elsewhere.example.org")
    old_card = cards.find_or_make([parse(ADA)], at=LONG_AGO)[parse(ADA).canonical]
    question = ask("ada@elsewhere.example.org", card=old_card.pk, person=old_card.person_id)
    assert preview(question).code == "suppressed"


def test_a_stop_clicked_under_a_newer_key_than_the_card_refuses(settings: Settings) -> None:
    question = ask()
    settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
    newest = cards.canonical_digests(parse(ADA))[-1]
    suppression.stop_digest(newest, Stop(SuppressionReason.ONE_CLICK), by=SYSTEM, at=TUESDAY)
    assert [ruling.code for ruling in clear(question)] == ["suppressed"]


def test_two_addresses_of_one_person_are_both_refused_in_one_batch() -> None:
    stop(ADA)
    person = AddressCard.objects.get().person
    later = [ask(f"ada@{name}.example.org", ref=f"{name}/1") for name in ("club", "home")]
    AddressCard.objects.filter(pk__in=[one.card for one in later]).update(person=person)
    questions = [ask(f"ada@{name}.example.org", ref=f"{name}/1") for name in ("club", "home")]
    assert [ruling.code for ruling in clear(*questions)] == ["suppressed", "suppressed"]


def test_a_stop_refuses_personal_mail_too() -> None:
    stop()
    assert code(message_class=MessageClass.PERSONAL) == "suppressed"


# --- who may be written to at all -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "local",
    [
        *("postmaster", "abuse", "hostmaster", "noreply", "no-reply", "donotreply", "mailer-daemon", "security"),
        *("privacy", "webmaster", "root", "list-announce", "users-request", "ABUSE", "abuse+x", "No-Reply"),
    ],
)
def test_nobody_writes_marketing_to_a_function(local: str) -> None:
    assert code(f"{local}@pumps.example.com") == "role_address"


@pytest.mark.parametrize("local", ["ada", "abuse.ada", "listeria", "requests", "rootes", "postmasters"])
def test_a_name_that_only_sounds_alike_is_a_person(local: str) -> None:
    assert code(f"{local}@pumps.example.com") == ""


@pytest.mark.parametrize("domain", ["vtext.com", "tmomail.net", "TXT.att.net", "pager.email.uscc.net"])
def test_nobody_writes_marketing_to_a_telephone(domain: str) -> None:
    assert code(f"5551234567@{domain}") == "wireless_domain"


@pytest.mark.parametrize("domain", ["att.net", "uscc.net", "vtext.com.example.com", "notvtext.com"])
def test_a_domain_beside_one_of_telephones_is_none(domain: str) -> None:
    assert code(f"ada@{domain}") == ""


def test_nobody_is_written_to_where_the_playbook_forbids_it() -> None:
    playbook_loaded(recipients={"never_domains": ["@Trap.example.com"]})
    told = [code(f"ada@{domain}") for domain in ("trap.example.com", "mail.trap.example.com", "pumps.example.com")]
    assert told == ["never_domain", "never_domain", ""]


@pytest.mark.parametrize("source", ["pattern_guess", "guessed", "harvested", "bought"])
def test_a_guessed_or_bought_address_is_refused(source: str) -> None:
    assert code(source=source) == "address_guessed"


def test_an_address_without_origin_is_refused() -> None:
    assert code(source="") == "no_source"


@pytest.mark.parametrize("basis", ["", "because", "Consent"])
def test_an_unknown_basis_is_none(basis: str) -> None:
    assert code(basis=basis) == "no_legal_basis"


def test_a_personal_letter_needs_no_list() -> None:
    assert code(source="", basis="", message_class=MessageClass.PERSONAL) == ""
