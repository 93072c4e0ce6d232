"""Which messages of a list are read before it is signed: by chance, but always the same ones (LAW APR-04)."""

import pytest

from sequences import lists, samples
from sequences.models import Account, Contact, ListRow, RecipientList
from sequences.samples import Sample
from tests.cast import TUESDAY, WORDING
from tests.factories import (
    AccountFactory,
    ContactFactory,
    MailboxFactory,
    approved_sequence,
    signed_text,
    submitted_list,
)

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def loaded(contacts: list[Contact], steps: int = 1) -> RecipientList:
    MailboxFactory()
    return submitted_list(TUESDAY, contacts, approved_sequence(TUESDAY, steps=steps))


def taken(row: RecipientList, changed: list[ListRow] | None = None) -> list[Sample]:
    ahead = lists.look_ahead(row, TUESDAY)
    return samples.take(ahead.permitted, row.sequence_version, ahead.digest, changed or [])


def chosen_for(row: RecipientList, because: str) -> Contact:
    (sample,) = [one for one in taken(row) if because in map(str, one.because)]
    return sample.row.contact


def test_five_are_drawn_and_whoever_looks_again_sees_the_same() -> None:
    row = loaded(ContactFactory.create_batch(12))
    first, again = taken(row), taken(row)
    assert sum("at random" in map(str, sample.because) for sample in first) == 5
    assert [sample.row.pk for sample in first] == [sample.row.pk for sample in again]


def test_another_digest_draws_others() -> None:
    row = loaded(ContactFactory.create_batch(40))
    ahead = lists.look_ahead(row, TUESDAY)
    drawn = {
        tuple(one.row.pk for one in samples.take(ahead.permitted, row.sequence_version, digest)[:5])
        for digest in ("a" * 64, "b" * 64, "c" * 64)
    }
    assert len(drawn) == 3


def test_the_longest_and_the_shortest_are_among_them() -> None:
    people = ContactFactory.create_batch(12)
    Account.objects.filter(contacts=people[7]).update(industry="long-distance hydraulic heavy haulage")
    Account.objects.filter(contacts=people[3]).update(industry="IT")
    row = loaded(people)
    assert chosen_for(row, "the longest") == people[7]
    assert chosen_for(row, "the shortest") == people[3]


def test_a_condition_counts_for_the_length_and_not_the_values_alone() -> None:
    body = WORDING["body"].replace("Hi ", "{% if contact.title %}" + "A long word of honour. " * 20 + "{% endif %}Hi ")
    people = ContactFactory.create_batch(8, title="")
    Contact.objects.filter(pk=people[5].pk).update(title="Boss")
    Account.objects.filter(contacts=people[2]).update(industry="long-distance hydraulic heavy haulage")
    MailboxFactory()
    version = approved_sequence(TUESDAY, texts=[signed_text(TUESDAY, body=body)])
    assert chosen_for(submitted_list(TUESDAY, people, version), "the longest") == people[5]


def test_the_most_unusual_characters_are_among_them() -> None:
    people = [*ContactFactory.create_batch(8), ContactFactory(first_name="Łucja"), ContactFactory(first_name="Σοφία")]
    assert chosen_for(loaded(people), "the most unusual characters") == people[-1]


def test_plain_names_are_not_called_unusual() -> None:
    reasons = {str(because) for one in taken(loaded(ContactFactory.create_batch(3))) for because in one.because}
    assert "the most unusual characters" not in reasons


def test_every_country_has_one() -> None:
    people = [*ContactFactory.create_batch(9), ContactFactory(country="CH"), ContactFactory(country="FR")]
    row = loaded(people)
    assert chosen_for(row, "the country CH").country == "CH"
    assert chosen_for(row, "the country FR").country == "FR"
    assert chosen_for(row, "the country DE").country == "DE"


def test_what_is_shown_is_what_they_would_get_step_by_step() -> None:
    row = loaded([ContactFactory(first_name="Grace", account=AccountFactory(name="Tern"))], steps=2)
    (sample,) = taken(row)
    assert [message.step.position for message in sample.messages] == [1, 2]
    for message in sample.messages:
        assert message.said
        assert message.said.subject == "Tern: one question"
        assert "Hi Grace," in message.said.text
        assert "/u/preview" in message.said.html


def test_rows_that_wait_are_shown_as_well_even_if_the_door_says_no() -> None:
    row = loaded([ContactFactory(), ContactFactory(first_name="")])
    lacking = row.rows.get(contact__first_name="")
    (sample,) = [one for one in taken(row, [lacking]) if one.row == lacking]
    assert [str(because) for because in sample.because] == ["waits for a signature"]
    assert [(message.said, message.lacks) for message in sample.messages] == [(None, "contact.first_name")]


def test_of_nobody_nothing_is_shown() -> None:
    assert taken(loaded([ContactFactory(first_name="")])) == []
