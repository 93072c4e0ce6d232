"""Whom no list has begun to write to reads why not, list by list; and which files left them out."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from compliance.acts import Consent
from sequences import approval, explain, lists
from sequences.explain import Explanation
from sequences.models import Contact, ListRow
from tests.cast import TUESDAY
from tests.factories import (
    ContactFactory,
    RecipientListFactory,
    UserFactory,
    approved_sequence,
    playbook_loaded,
    running_list,
    submitted_list,
)
from tests.sequences.campaign import opt_out, under_way

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

LATER = TUESDAY + timedelta(hours=1)


def told(contact: Contact) -> Explanation:
    return explain.of_contact(Contact.objects.select_related("card").get(pk=contact.pk), at=LATER)


def codes(contact: Contact) -> list[str]:
    return [one["code"] for one in told(contact)["lists"]]


@pytest.fixture
def ada() -> Contact:
    playbook_loaded()
    return ContactFactory()


def test_who_is_on_no_list_has_nothing_to_wait_for(ada: Contact) -> None:
    found = told(ada)
    assert (found["lists"], found["next"], found["passages"]) == ([], None, [])


def test_a_list_that_is_being_loaded_is_named(ada: Contact) -> None:
    row = RecipientListFactory(sequence_version=approved_sequence(TUESDAY))
    lists.add(row, [(ada, ada.source, ada.basis)], by=row.author, at=TUESDAY)
    assert codes(ada) == ["list_being_loaded"]


def test_a_list_that_waits_for_the_cro_is_named_with_what_the_door_says(ada: Contact) -> None:
    submitted_list(TUESDAY, [ada])
    (row,) = told(ada)["lists"]
    assert (row["code"], row["since"]) == ("list_waits_for_signature", TUESDAY)
    assert {verdict["outcome"] for verdict in row["verdicts"]} == {"permit"}


def test_a_rejected_list_is_named(ada: Contact) -> None:
    row = submitted_list(TUESDAY, [ada])
    approval.reject(row, by=UserFactory(role="cro"), at=TUESDAY, consent=Consent("Too many"))
    assert codes(ada) == ["list_rejected"]


def test_who_was_added_to_a_running_list_waits_for_the_signature(ada: Contact) -> None:
    row = running_list(TUESDAY, [ContactFactory()])
    lists.add(row, [(ada, ada.source, ada.basis)], by=row.author, at=TUESDAY)
    assert codes(ada) == ["row_not_signed"]


def test_who_was_refused_when_the_list_was_signed_reads_which_rule_it_was(ada: Contact) -> None:
    opt_out(ada.address)
    running_list(TUESDAY, [ada, ContactFactory()])
    (row,) = told(ada)["lists"]
    assert row["code"] == "suppressed"
    assert [one["rule"] for one in row["verdicts"] if one["outcome"] == "refuse"] == ["NotSuppressed"]


def test_who_was_signed_and_changed_since_waits_for_another_signature(ada: Contact) -> None:
    under_way(people=[ada])
    running_list(TUESDAY, [ada])
    Contact.objects.filter(pk=ada.pk).update(first_name="Grace")
    assert codes(ada) == ["row_changed"]


def test_one_sequence_at_a_time_is_said_of_the_second_list(ada: Contact) -> None:
    under_way(people=[ada])
    running_list(TUESDAY, [ada])
    assert codes(ada) == ["another_sequence"]


def test_who_was_taken_off_is_told_since_when(ada: Contact) -> None:
    row = submitted_list(TUESDAY, [ada, ContactFactory()])
    lists.take_off([ListRow.objects.get(contact=ada)], by=UserFactory(role="legal"), at=LATER)
    (found,) = told(ada)["lists"]
    assert (found["list"], found["code"], found["since"]) == (row.pk, "removed_from_list", LATER)


def test_a_list_that_began_a_passage_is_told_as_that_passage(ada: Contact) -> None:
    under_way(people=[ada])
    found = told(ada)
    assert found["lists"] == []
    assert [one["contact"] for one in found["passages"]] == [ada.pk]


def test_a_file_that_left_somebody_out_is_named_with_row_and_reason(ada: Contact, tmp_path: Path) -> None:
    version = approved_sequence(TUESDAY)
    opt_out(ada.address)
    file = tmp_path / "fair.csv"
    file.write_text(
        "Email,First name,Company,Industry,Source\n"
        "eve@pumps.example.com,Eve,Pumps,pumps,fair\n"
        f"{ada.address.upper()},Ada,Pumps,pumps,fair\n"
    )
    UserFactory(is_superuser=True)
    call_command("import_recipients", file, list="Fair", sequence=version.sequence.slug)
    (row,) = told(ada)["left_out"]
    assert (row["file"], row["list"], row["row"], row["verdict"]) == ("fair.csv", "Fair", 3, "suppressed")


def test_a_file_that_said_they_opted_out_is_named(tmp_path: Path) -> None:
    playbook_loaded()
    version = approved_sequence(TUESDAY)
    file = tmp_path / "fair.csv"
    file.write_text("Email,First name,Company,Source,Unsubscribed\nzoe@pumps.example.com,Zoe,Pumps,fair,yes\n")
    UserFactory(is_superuser=True)
    call_command("import_recipients", file, list="Fair", sequence=version.sequence.slug)
    (row,) = explain.of_address("zoe@pumps.example.com", at=LATER)["left_out"]
    assert (row["row"], row["verdict"]) == (2, "opted_out")
