"""Whoever has an address is found by any spelling of it; of somebody erased or never a contact, what digests tell."""

from datetime import timedelta

import pytest

from compliance import suppression
from compliance.acts import Consent
from compliance.addresses import AddressError
from compliance.models import AddressCard, LostStep, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from sequences import erasing, explain, merging
from sequences.explain import Explanation, NobodyKnown
from sequences.models import Contact
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory, card_of, playbook_loaded
from tests.sequences.campaign import opt_out, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

LATER = TUESDAY + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _a_playbook() -> None:
    playbook_loaded()


def told(address: str) -> Explanation:
    return explain.of_address(address, at=LATER)


def contacts(found: Explanation) -> list[int]:
    return [one["id"] for one in found["person"]["contacts"]]


@pytest.mark.parametrize(
    "spelling",
    ["Ada.Byron@gmail.com", "ADABYRON@gmail.com", "ada.byron+news@googlemail.com", "  a.d.a.byron@gmail.com "],
)
def test_any_spelling_finds_the_person(spelling: str) -> None:
    ada = ContactFactory(address="ada.byron@gmail.com")
    assert contacts(told(spelling)) == [ada.pk]


@pytest.mark.parametrize("text", ["", "ada", "ada@", "ada@@example.com", "аda@example.com", "a@b.example, c@d.example"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        told(text)


def test_an_address_of_nobody_is_refused() -> None:
    with pytest.raises(NobodyKnown):
        told("nobody@example.com")


@pytest.mark.parametrize(
    ("address", "says"), [("info@example.com", "belongs to a role"), ("somebody@gmail.com", "free-mail provider")]
)
def test_it_says_why_an_import_would_have_left_nobody_out(address: str, says: str) -> None:
    with pytest.raises(NobodyKnown) as nobody:
        told(address)
    assert says in nobody.value.import_says


def test_who_is_known_by_a_stop_alone_gets_no_name() -> None:
    opt_out("stranger@example.com")
    found = told("Stranger+x@example.com")
    assert found["person"]["contacts"] == []
    assert [(stop["reason"], stop["holds"]) for stop in found["stops"]] == [("one_click", True)]


def test_a_stop_for_the_whole_domain_is_told_of_whoever_is_at_it() -> None:
    suppression.stop_domain("example.com", Stop(SuppressionReason.LEGAL_DEMAND), by=SYSTEM, at=TUESDAY)
    found = told("anybody@sales.example.com")
    assert [stop["scope"] for stop in found["stops"]] == ["domain"]
    assert found["person"]["key"] is None


def test_a_stop_for_the_company_is_told_of_its_people() -> None:
    ada = ContactFactory()
    stop = Stop(SuppressionReason.LEGAL_DEMAND)
    suppression.stop_company(ada.company, [], stop, by=SYSTEM, at=TUESDAY)
    assert [one["scope"] for one in told(ada.address)["stops"]] == ["company"]


def test_a_stop_for_whom_an_address_imitates_is_told_with_what_it_reads_as() -> None:
    ContactFactory(address="bob@xn--exmple-cxc.com")
    opt_out("bob@example.com")
    (stop,) = told("bob@xn--exmple-cxc.com")["stops"]
    assert stop["reading"] == "bob@example.com"


def test_of_somebody_erased_the_dates_and_the_stop_are_left() -> None:
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()
    ada = Contact.objects.get()
    erasing.erase(ada, by=UserFactory(role="legal"), at=TUESDAY, consent=Consent("She asked for it"))
    found = told(ada.address)
    (contact,) = found["person"]["contacts"]
    assert (contact["name"], contact["address"], contact["erased_at"]) == ("", "", TUESDAY)
    assert [stop["reason"] for stop in found["stops"]] == ["erased"]
    assert [(one["state"], one["attempts"][0]["decided"]) for one in found["messages"]] == [("accepted", "permit")]


def test_people_who_turned_out_to_be_one_are_told_as_one() -> None:
    ada, countess = ContactFactory.create_batch(2)
    opt_out(countess.address)
    by = UserFactory(role="sales_ops", first_name="Lena", last_name="Ito")
    merging.merge_contacts(ada, countess, by=by, at=TUESDAY, consent=Consent("She said so"))
    found = told(ada.address)
    assert contacts(found) == contacts(told(countess.address)) == [ada.pk, countess.pk]
    assert {change["by"] for change in found["person"]["changes"]} == {"Lena Ito"}
    assert any(stop["holds"] for stop in found["stops"])


def test_what_had_gone_before_a_restore_is_told_by_the_digest_of_the_address() -> None:
    LostStep.objects.create(order_no=-1, card=card_of("lost@example.com").digest, series="nurture", step=2)
    assert told("lost@example.com")["lost_steps"] == [{"series": "nurture", "step": 2}]


@pytest.mark.parametrize("known_as", ["contact", "person", "stop"])
def test_the_log_names_whom_was_looked_at_without_an_address(known_as: str) -> None:
    ada = ContactFactory()
    opt_out("stranger@example.com")
    suppression.stop_domain("stopped.example", Stop(SuppressionReason.BY_HAND), by=SYSTEM, at=TUESDAY)
    asked = {"contact": ada.address, "person": "stranger@example.com", "stop": "anybody@stopped.example"}
    kinds = {"contact": "sequences.contact:", "person": "compliance.personkey:", "stop": "compliance.suppression:"}
    assert explain.subject_of(told(asked[known_as])).startswith(kinds[known_as])


def test_asking_makes_no_card() -> None:
    suppression.stop_domain("example.com", Stop(SuppressionReason.BY_HAND), by=SYSTEM, at=TUESDAY)
    told("somebody@example.com")
    assert not AddressCard.objects.exists()
