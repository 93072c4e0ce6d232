"""A playbook comes into force with two signatures of two people who did not load it, and in no other way."""

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from compliance import agreeing, playbook
from compliance.acts import Act, Consent, offers, perform
from compliance.models import AuditEntry, PlaybookActivation, PlaybookSignature, PlaybookVersion
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from tests.cast import PASSWORD, TUESDAY
from tests.compliance.agreed import REJECT, SIGN_CMO, SIGN_CRO, agreed, example, proposed, signed
from tests.factories import UserFactory, playbook_loaded

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
State = PlaybookVersion.State


def root(username: str, email: str) -> User:
    return User.objects.create_superuser(username, email, PASSWORD)


def refused(row: PlaybookVersion, by: User, act: Act = SIGN_CMO, digest: str | None = None) -> tuple[str, ...]:
    said = Consent("Because.", digest=row.digest if digest is None else digest)
    with pytest.raises(Refused) as refusal:
        perform(row, act, by=by, at=TUESDAY, consent=said)
    return refusal.value.codes


def test_a_version_that_was_loaded_waits_and_changes_nothing() -> None:
    playbook_loaded(caps={})
    row = proposed()
    assert (row.state, playbook.active().number) == (State.DRAFT, 1)


def test_one_signature_changes_nothing_either() -> None:
    playbook_loaded()
    row = signed(proposed(), "cmo")
    assert (row.state, playbook.active().number) == (State.CMO_SIGNED, 1)


def test_the_second_signature_puts_it_in_force() -> None:
    playbook_loaded()
    row = agreed()
    assert (row.state, playbook.active(), playbook.is_example()) == (State.IN_FORCE, row, False)


def test_the_version_before_is_no_longer_in_force() -> None:
    first = playbook_loaded()
    agreed()
    assert PlaybookVersion.objects.get(pk=first.pk).state == State.FORMER


def test_both_signatures_name_role_person_and_digest() -> None:
    row = agreed()
    signatures = list(row.signatures.order_by("pk"))
    assert [one.role for one in signatures] == ["cmo", "cro"]
    assert {one.digest for one in signatures} == {row.digest}
    assert len({one.person for one in signatures}) == 2


def test_what_happened_to_it_is_in_the_log() -> None:
    agreed()
    verbs = AuditEntry.objects.filter(subject__startswith="compliance.playbookversion").order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == [
        "playbook.loaded",
        "compliance.playbookversion.sign_cmo",
        "compliance.playbookversion.sign_cro",
    ]


def test_the_cro_does_not_sign_before_the_cmo() -> None:
    assert refused(proposed(), UserFactory(role="cro"), SIGN_CRO) == ("wrong_state",)


def test_nobody_signs_for_both_superusers_included() -> None:
    by = root("root", "root@ours.example.com")
    row = signed(proposed(), "cmo", by)
    assert refused(row, by, SIGN_CRO) == ("signed_already",)


def test_a_second_account_of_the_same_person_does_not_sign_either() -> None:
    row = signed(proposed(), "cmo", root("root", "Root@ours.example.com"))
    assert refused(row, root("again", "root+again@ours.example.com"), SIGN_CRO) == ("signed_already",)


def test_who_loaded_it_does_not_sign_it() -> None:
    by = root("root", "root@ours.example.com")
    assert refused(proposed(by=by), by) == ("author_signs",)


def test_a_second_account_of_who_loaded_it_does_not_sign_it() -> None:
    row = proposed(by=root("root", "root@ours.example.com"))
    assert refused(row, root("again", "root+2@ours.example.com")) == ("author_signs",)


def test_somebody_without_an_address_does_not_sign() -> None:
    assert refused(proposed(), root("root", "")) == ("unknown_person",)


def test_another_text_than_was_shown_is_not_signed() -> None:
    assert refused(proposed(), UserFactory(role="cmo"), digest="0" * 64) == ("digest_differs",)


def test_who_was_shown_nothing_signs_nothing() -> None:
    assert refused(proposed(), UserFactory(role="cmo"), digest="") == ("digest_differs",)


def test_what_is_no_whole_playbook_is_not_signed() -> None:
    agreed()
    row = playbook.load("Half of one", {"sender": {"legal_name": "A"}}, by=SYSTEM, at=TUESDAY)
    assert "missing" in refused(row, UserFactory(role="cmo"))


def test_an_earlier_version_is_not_signed_after_a_later_one_is_in_force() -> None:
    row = proposed()
    agreed(recipients={"never_domains": ["rival.example.com"]})
    assert refused(row, UserFactory(role="cmo")) == ("outdated",)


@pytest.mark.parametrize("act", [SIGN_CMO, REJECT], ids=["sign", "reject"])
def test_a_rejected_version_stays_rejected(act: Act) -> None:
    row = proposed()
    perform(row, REJECT, by=UserFactory(role="cmo"), at=TUESDAY, consent=Consent("Too many gates."))
    again = PlaybookVersion.objects.get(pk=row.pk)
    assert (again.state, refused(again, UserFactory(role="cmo"), act)) == (State.REJECTED, ("wrong_state",))


@pytest.mark.parametrize(
    ("role", "may"),
    {
        "content": set(),
        "cmo": {"sign_cmo", "reject"},
        "cro": {"sign_cro", "reject"},
        "sales_ops": {"reject", "load"},
        "rep": set(),
        "legal": set(),
        "chief_of_staff": set(),
        "integration": set(),
    }.items(),
)
def test_each_role_may_do_exactly_its_part(role: str, may: set[str]) -> None:
    by = UserFactory(role=role)
    draft = proposed()
    rows = {SIGN_CMO: draft, REJECT: draft, SIGN_CRO: signed(proposed("Next", recipients={}), "cmo")}
    found = {act.arrow for act, row in rows.items() if all(offer.open for offer in offers(row, [act], by))}
    assert found | ({"load"} if not agreeing.against_proposing(by) else set()) == may


def test_a_document_with_faults_is_not_stored_at_all() -> None:
    with pytest.raises(Refused) as refusal:
        proposed(gates={})
    assert ("missing", "gates.G1") in {(one.code, one.where) for one in refusal.value.refusals}
    assert not PlaybookVersion.objects.exists()


def test_the_same_is_not_proposed_twice() -> None:
    proposed()
    with pytest.raises(Refused) as refusal:
        proposed()
    assert refusal.value.codes == ("nothing_new",)


@pytest.mark.parametrize("title", ["", " ", "x" * 201])
def test_a_version_needs_a_title(title: str) -> None:
    with pytest.raises(Refused) as refusal:
        agreeing.propose(title, example(), by=UserFactory(role="sales_ops"), at=TUESDAY)
    assert refusal.value.codes == ("no_title",)


def test_the_system_proposes_nothing() -> None:
    with pytest.raises(Refused):
        agreeing.propose("Ours", example(), by=SYSTEM, at=TUESDAY)


class TestTheDatabase:
    def test_refuses_a_beginning_without_both_signatures(self) -> None:
        row = signed(proposed(), "cmo")
        with pytest.raises(DatabaseError, match="signatures of CMO and CRO"), transaction.atomic():
            PlaybookActivation.objects.create(version=row, at=TUESDAY, by="user:1", agreed=True)

    def test_refuses_to_begin_anything_unsigned_after_something_was_agreed(self) -> None:
        agreed()
        row = proposed("Next", recipients={})
        with pytest.raises(DatabaseError, match="signatures of CMO and CRO"), transaction.atomic():
            PlaybookActivation.objects.create(version=row, at=TUESDAY, by="system", agreed=False)

    @pytest.mark.parametrize("change", [{"digest": "0" * 64}, {"person": ""}])
    def test_refuses_a_signature_on_something_else_or_by_nobody(self, change: dict[str, str]) -> None:
        row = proposed()
        said = {"digest": row.digest, "person": "1" * 32, **change}
        with pytest.raises(DatabaseError), transaction.atomic():
            PlaybookSignature.objects.create(version=row, role="cmo", signed_by="user:1", at=TUESDAY, **said)

    def test_refuses_the_signature_of_who_loaded_it(self) -> None:
        row = proposed()
        with pytest.raises(DatabaseError, match="did not load it"), transaction.atomic():
            PlaybookSignature.objects.create(
                version=row, role="cmo", signed_by="user:1", at=TUESDAY, digest=row.digest, person=row.loaded_person
            )

    @pytest.mark.parametrize("again", [{"role": "cmo", "person": "2" * 32}, {"role": "cro", "person": "1" * 32}])
    def test_refuses_a_second_signature_in_a_role_or_of_a_person(self, again: dict[str, str]) -> None:
        row = proposed()
        said = {"version": row, "digest": row.digest, "signed_by": "user:1", "at": TUESDAY}
        PlaybookSignature.objects.create(role="cmo", person="1" * 32, **said)
        with pytest.raises(DatabaseError), transaction.atomic():
            PlaybookSignature.objects.create(**said, **again)
