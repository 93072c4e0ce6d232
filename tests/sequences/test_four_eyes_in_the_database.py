"""What the database refuses by itself: a signature by whoever wrote on what is signed, under any account (FT-60)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.utils import DatabaseError

from compliance import audit
from compliance.addresses import same_person
from sequences import approval
from sequences.models import RecipientList, SequenceVersion, Signature, TemplateVersion
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory, drafted_sequence, submitted_list, submitted_text

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

ONE = "maren@ours.example.com"
AGAIN = (ONE, "Maren@Ours.Example.Com", "maren+cmo@ours.example.com", " maren@ours.example.com")
OTHERS = ("maren.holt@ours.example.com", "maren@theirs.example.com", "aren@ours.example.com", "")


def a_text() -> TemplateVersion:
    return submitted_text(TUESDAY)


def a_sequence() -> SequenceVersion:
    return drafted_sequence(TUESDAY, steps=1)


def a_list() -> RecipientList:
    return submitted_list(TUESDAY, [ContactFactory()])


KINDS: dict[Callable[[], Any], tuple[Signature.Step, ...]] = {
    a_text: approval.TEXT_STEPS,
    a_sequence: (Signature.Step.SEQUENCE,),
    a_list: (Signature.Step.RECIPIENTS,),
}
EVERY_STEP = [(make, step) for make, steps in KINDS.items() for step in steps]


def by_the_model(row: Any, step: str, signer: User) -> None:
    Signature.objects.create(
        subject=audit.reference(row), step=step, digest=row.digest, author=row.author, signer=signer, at=TUESDAY
    )


def in_bulk(row: Any, step: str, signer: User) -> None:
    given = {"subject": audit.reference(row), "step": step, "digest": row.digest, "at": TUESDAY}
    Signature.objects.bulk_create([Signature(**given, author=row.author, signer=signer)])


def by_hand(row: Any, step: str, signer: User) -> None:
    said = (
        "INSERT INTO sequences_signature (subject, step, digest, author_id, signer_id, at, comment)"
        " VALUES (%s, %s, %s, %s, %s, %s, '')"
    )
    with connection.cursor() as cursor:
        cursor.execute(said, [audit.reference(row), step, row.digest, row.author_id, signer.pk, TUESDAY])


WAYS = [by_the_model, in_bulk, by_hand]


def mail(user: User, address: str) -> User:
    User.objects.filter(pk=user.pk).update(email=address)
    return user


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("make", "step"), EVERY_STEP)
class TestWhoWrote:
    def test_does_not_sign_with_a_second_account(self, make: Callable[[], Any], step: str, way: Any) -> None:
        row = make()
        mail(row.author, ONE)
        with pytest.raises(DatabaseError, match="does not sign it"), transaction.atomic():
            way(row, step, UserFactory(is_superuser=True, email=AGAIN[2]))
        assert not Signature.objects.filter(subject=audit.reference(row)).exists()

    def test_nor_does_who_edited_it(self, make: Callable[[], Any], step: str, way: Any) -> None:
        row, editor = make(), UserFactory(email=ONE)
        approval.note_edit(row, by=editor, at=TUESDAY, created=False)
        with pytest.raises(DatabaseError, match="does not sign it"), transaction.atomic():
            way(row, step, UserFactory(email=AGAIN[1]))

    def test_somebody_else_does(self, make: Callable[[], Any], step: str, way: Any) -> None:
        row = make()
        way(row, step, UserFactory())
        assert Signature.objects.filter(subject=audit.reference(row)).count() == 1


class TestOnePerson:
    @pytest.mark.parametrize("address", AGAIN)
    def test_is_known_in_every_plain_spelling(self, address: str) -> None:
        row = a_text()
        mail(row.author, ONE)
        with pytest.raises(DatabaseError), transaction.atomic():
            by_the_model(row, "messaging", UserFactory(email=address))
        assert same_person(ONE, address)

    @pytest.mark.parametrize(
        ("one", "other"), [("mar.en@gmail.com", "maren+x@googlemail.com"), ("odd", "ODD"), ("+a@x.io", "+A@x.io")]
    )
    def test_so_is_one_at_gmail_and_one_with_an_odd_address(self, one: str, other: str) -> None:
        row = a_text()
        mail(row.author, one)
        with pytest.raises(DatabaseError), transaction.atomic():
            by_the_model(row, "messaging", UserFactory(email=other))
        assert same_person(one, other)

    @pytest.mark.parametrize("address", OTHERS)
    def test_is_not_taken_for_another(self, address: str) -> None:
        row = a_text()
        mail(row.author, ONE)
        by_the_model(row, "messaging", UserFactory(email=address))
        assert not same_person(ONE, address)

    def test_two_accounts_without_an_address_are_not_known_to_be_one(self) -> None:
        row = a_text()
        mail(row.author, "")
        by_the_model(row, "messaging", UserFactory(email=""))

    def test_an_account_is_itself_without_an_address_too(self) -> None:
        row, editor = a_text(), UserFactory(email="")
        approval.note_edit(row, by=editor, at=TUESDAY, created=False)
        with pytest.raises(DatabaseError), transaction.atomic():
            by_the_model(row, "messaging", editor)


def test_django_changes_its_table_of_users_no_more_than_we_know() -> None:
    """SQLite makes a changed table anew and cannot while our trigger names it: take the trigger away around it."""
    names = {name for app, name in MigrationLoader(None).disk_migrations or {} if app == "auth"}
    assert max(names) == "0012_alter_user_first_name_max_length"
