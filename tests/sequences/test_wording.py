"""What goes into the digests that people sign, and which values a text takes from whom."""

from typing import Any

import pytest

from sequences import wording
from sequences.models import Account, Contact, SequenceVersion, Step, TemplateVersion
from tests.cast import PLAYBOOK, TUESDAY, WORDING
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    TemplateVersionFactory,
    approved_sequence,
    drafted_sequence,
    playbook_loaded,
    signed_text,
)

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

NEEDED = ("account.industry", "account.name", "contact.first_name")


def leaf(contact: Contact, **stated: Any) -> str:
    told = {"source": "trade_fair", "basis": "consent", "variables": NEEDED, **stated}
    return wording.leaf_digest(Contact.objects.get(pk=contact.pk), **told)


class TestTheDigestOfAText:
    @pytest.mark.parametrize("part", ["subject", "preview", "body"])
    def test_every_part_of_it_counts(self, part: str) -> None:
        version = TemplateVersionFactory()
        before = wording.digest_of(version)
        setattr(version, part, WORDING[part] + " more")
        assert wording.digest_of(version) != before

    def test_its_language_counts(self) -> None:
        version = TemplateVersionFactory()
        before = wording.digest_of(version)
        version.language = "de"
        assert wording.digest_of(version) != before

    def test_its_identity_counts(self) -> None:
        one, other = TemplateVersionFactory(), TemplateVersionFactory()
        assert wording.digest_of(one) != wording.digest_of(other)


class TestTheDigestOfASequence:
    @pytest.mark.parametrize("column", [{"wait_days": 99}, {"wait_kind": Step.WaitKind.BUSINESS}, {"position": 9}])
    def test_every_wait_and_place_counts(self, column: dict[str, Any]) -> None:
        version = drafted_sequence(TUESDAY, steps=2)
        before = wording.sequence_digest(version)
        version.steps.filter(position=2).update(**column)
        assert wording.sequence_digest(version) != before

    def test_every_text_counts(self) -> None:
        version = drafted_sequence(TUESDAY, steps=2)
        before = wording.sequence_digest(version)
        TemplateVersion.objects.filter(steps__version=version, steps__position=2).update(subject="Another")
        assert wording.sequence_digest(version) != before

    def test_its_type_counts(self) -> None:
        version = drafted_sequence(TUESDAY, steps=1)
        before = wording.sequence_digest(version)
        version.sequence.type = "activation"
        assert wording.sequence_digest(version) != before


@pytest.mark.usefixtures("_a_playbook")
class TestTheLeafOfARow:
    @pytest.fixture
    def _a_playbook(self) -> None:
        playbook_loaded()

    @pytest.mark.parametrize("column", ["first_name", "country", "address"])
    def test_what_reaches_the_person_counts(self, column: str) -> None:
        contact = ContactFactory()
        before = leaf(contact)
        Contact.objects.update(**{column: "XX"})
        assert leaf(contact) != before

    @pytest.mark.parametrize("stated", [{"source": "bought"}, {"basis": "contract"}])
    def test_source_and_basis_count(self, stated: dict[str, str]) -> None:
        contact = ContactFactory()
        assert leaf(contact, **stated) != leaf(contact)

    def test_the_company_counts(self) -> None:
        contact = ContactFactory()
        before = leaf(contact)
        Account.objects.update(name="Another Ltd")
        assert leaf(contact) != before

    @pytest.mark.parametrize("key", ["legal_name", "postal_address"])
    def test_what_the_playbook_puts_into_every_message_counts(self, key: str) -> None:
        contact = ContactFactory()
        before = leaf(contact)
        playbook_loaded(sender={**PLAYBOOK["sender"], key: "Another"})
        assert leaf(contact) != before

    def test_its_schedule_counts(self) -> None:
        contact = ContactFactory()
        before = leaf(contact)
        playbook_loaded(sequences={**PLAYBOOK["sequences"], "stale_after_days": 3})
        assert leaf(contact) != before

    def test_the_rest_of_the_playbook_does_not(self) -> None:
        contact = ContactFactory()
        before = leaf(contact)
        playbook_loaded(caps={"person": {"limit": 1, "hours": 72}}, sender={**PLAYBOOK["sender"], "note": "for us"})
        assert leaf(contact) == before

    def test_what_no_text_uses_does_not_count(self) -> None:
        contact = ContactFactory()
        before = leaf(contact)
        Contact.objects.update(last_name="Lovelace", title="Countess", city="London")
        assert leaf(contact) == before


class TestValues:
    def test_personal_variables_are_those_the_sender_does_not_supply(self) -> None:
        assert wording.personal_variables(wording.steps_of(approved_sequence(TUESDAY, steps=2))) == NEEDED

    def test_a_value_with_a_stated_alternative_is_not_needed_but_signed(self) -> None:
        version = alternative()
        assert "contact.title" not in wording.personal_variables(wording.steps_of(version))
        assert "contact.title" in wording.signed_variables(wording.steps_of(version))

    def test_every_known_variable_has_a_value(self) -> None:
        playbook_loaded()
        values = wording.personal_values(ContactFactory()) | wording.sender_values(MailboxFactory(), "https://u")
        assert values.keys() == wording.KNOWN_VARIABLES

    def test_somebody_without_a_company_has_blanks_for_it(self) -> None:
        values = wording.personal_values(ContactFactory(account=None))
        assert {values[name] for name in values if name.startswith("account.")} == {""}


def alternative() -> SequenceVersion:
    """A sequence whose text uses the title of those who have one."""
    body = WORDING["body"].replace("Hi ", 'Hi {{ contact.title | default: "dear" }} ')
    return approved_sequence(TUESDAY, texts=[signed_text(TUESDAY, body=body)])
