"""Two contacts are one person: one passage goes on, every stop holds for both, and a split takes no stop back."""

import pytest
from django.contrib.auth.models import User

from compliance import audit, persons, subjects, suppression
from compliance.acts import Consent
from compliance.models import AuditEntry
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refused
from sequences import enrollment, merging, planner
from sequences.models import Contact, Enrollment, ExitReason, ListRow, OutboundMessage
from tests.cast import LONG_AGO, TUESDAY
from tests.factories import ContactFactory, RecipientListFactory, UserFactory, approved_sequence, playbook_loaded
from tests.sequences.campaign import State, opt_out, under_way

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

WHY = Consent("She told us that both addresses are hers")


@pytest.fixture
def ops() -> User:
    return UserFactory(role="sales_ops")


def merge(kept: Contact, other: Contact, by: Principal) -> Contact:
    return merging.merge_contacts(kept, other, by=by, at=TUESDAY, consent=WHY)


def split(contact: Contact, by: Principal) -> Contact:
    return merging.split_contact(contact, by=by, at=TUESDAY, consent=WHY)


def refused(kept: Contact, other: Contact, by: Principal) -> tuple[str, ...]:
    with pytest.raises(Refused) as error:
        merge(kept, other, by)
    return error.value.codes


def two() -> tuple[Contact, Contact]:
    playbook_loaded()
    return ContactFactory(), ContactFactory()


def fresh(contact: Contact) -> Contact:
    return Contact.objects.select_related("card").get(pk=contact.pk)


def stopped(contact: Contact) -> bool:
    return bool(suppression.stopped_cards([contact.card_id]))


class TestOnePerson:
    def test_the_other_contact_is_the_kept_one_from_now_on(self, ops: User) -> None:
        ada, countess = two()
        assert merge(ada, countess, ops) == ada
        assert fresh(countess).merged_into == ada
        assert fresh(countess).card.person_id == fresh(ada).card.person_id

    def test_who_had_opted_out_is_not_written_to_at_the_other_address(self, ops: User) -> None:
        ada, countess = two()
        opt_out(countess.address)
        merge(ada, countess, ops)
        assert stopped(ada)

    def test_the_passage_of_the_kept_contact_ends_at_once_with_such_a_stop(self, ops: User) -> None:
        ada, countess = two()
        under_way(people=[ada])
        opt_out(countess.address)
        merge(ada, countess, ops)
        enrollment.exit_round(TUESDAY)
        assert Enrollment.objects.get().exit_reason == ExitReason.OPTED_OUT

    def test_who_was_merged_into_the_other_comes_along(self, ops: User) -> None:
        ada, countess = two()
        lady = ContactFactory()
        merge(countess, lady, ops)
        merge(ada, countess, ops)
        assert fresh(lady).merged_into == fresh(countess).merged_into == ada

    def test_a_merge_into_somebody_merged_goes_to_the_contact_they_are(self, ops: User) -> None:
        ada, countess = two()
        merge(ada, countess, ops)
        lady = ContactFactory()
        assert merge(countess, lady, ops) == ada
        assert fresh(lady).merged_into == ada


class TestOneSequence:
    def test_of_two_passages_the_kept_contacts_goes_on(self, ops: User) -> None:
        ada, countess = two()
        under_way(people=[ada, countess])
        merge(ada, countess, ops)
        assert Enrollment.objects.get(contact=ada).state == Enrollment.State.ACTIVE
        assert Enrollment.objects.get(contact=countess).exit_reason == ExitReason.MERGED

    def test_what_was_planned_for_the_absorbed_passage_is_cancelled(self, ops: User) -> None:
        ada, countess = two()
        under_way(people=[ada, countess])
        planner.plan_round(TUESDAY)
        merge(ada, countess, ops)
        states = dict(OutboundMessage.objects.values_list("enrollment__contact", "state"))
        assert states == {ada.pk: State.PLANNED, countess.pk: State.CANCELLED}

    def test_the_only_passage_follows_the_person(self, ops: User) -> None:
        ada, countess = two()
        under_way(people=[countess])
        merge(ada, countess, ops)
        passage = Enrollment.objects.get()
        assert passage.state == Enrollment.State.ACTIVE
        assert passage.person == fresh(ada).card.person_id

    def test_a_passage_that_is_over_follows_as_well(self, ops: User) -> None:
        ada, countess = two()
        under_way(people=[ada, countess])
        merge(ada, countess, ops)
        assert set(Enrollment.objects.values_list("person", flat=True)) == {fresh(ada).card.person_id}

    def test_rows_of_the_other_that_have_not_begun_leave_their_lists(self, ops: User) -> None:
        ada, countess = two()
        begun = under_way(people=[countess])
        loading = RecipientListFactory(sequence_version=begun.sequence_version)
        waiting = [ListRow.objects.create(recipient_list=loading, contact=one) for one in (ada, countess)]
        merge(ada, countess, ops)
        assert [ListRow.objects.get(pk=row.pk).removed_at for row in waiting] == [None, TUESDAY]
        assert ListRow.objects.get(recipient_list=begun).removed_at is None

    def test_what_will_happen_can_be_told_before(self) -> None:
        ada, countess = two()
        under_way(people=[ada, countess])
        loading = RecipientListFactory(sequence_version=approved_sequence(LONG_AGO))
        row = ListRow.objects.create(recipient_list=loading, contact=countess)
        seen = merging.foresee(ada, countess)
        assert (seen.ends, seen.goes_on) == tuple(Enrollment.objects.order_by("-contact"))
        assert list(seen.rows) == [row]


class TestSplitting:
    def test_they_are_two_again_and_both_stay_stopped(self, ops: User) -> None:
        ada, countess = two()
        opt_out(ada.address)
        merge(ada, countess, ops)
        assert split(countess, ops).merged_into is None
        assert fresh(ada).card.person_id != fresh(countess).card.person_id
        assert stopped(ada)
        assert stopped(countess)

    def test_the_passage_goes_with_its_contact(self, ops: User) -> None:
        ada, countess = two()
        under_way(people=[countess])
        merge(ada, countess, ops)
        split(countess, ops)
        assert Enrollment.objects.get().person == fresh(countess).card.person_id

    def test_who_was_not_merged_is_not_split(self, ops: User) -> None:
        with pytest.raises(Refused) as error:
            split(ContactFactory(), ops)
        assert error.value.codes == ("not_merged",)


class TestWhoMay:
    @pytest.mark.parametrize("role", ["sales_ops", "cro"])
    def test_sales_ops_and_the_cro_may(self, role: str) -> None:
        ada, countess = two()
        assert merge(ada, countess, UserFactory(role=role)) == ada

    @pytest.mark.parametrize("role", ["content", "cmo", "rep", "legal", "chief_of_staff", "integration"])
    def test_nobody_else_may(self, role: str) -> None:
        ada, countess = two()
        assert refused(ada, countess, UserFactory(role=role)) == ("not_permitted",)

    def test_neither_may_the_installation_by_itself(self) -> None:
        assert refused(*two(), SYSTEM) == ("not_permitted",)


class TestRefusals:
    def test_a_contact_is_itself_already(self, ops: User) -> None:
        ada, _countess = two()
        assert refused(ada, ada, ops) == ("one_already",)

    def test_the_same_merge_twice(self, ops: User) -> None:
        ada, countess = two()
        merge(ada, countess, ops)
        assert refused(ada, countess, ops) == ("one_already",)

    def test_the_way_back(self, ops: User) -> None:
        ada, countess = two()
        merge(ada, countess, ops)
        assert refused(countess, ada, ops) == ("one_already",)

    def test_a_contact_that_belongs_to_a_third(self, ops: User) -> None:
        ada, countess = two()
        merge(ContactFactory(), countess, ops)
        assert refused(ada, countess, ops) == ("merged_already",)


def test_the_log_names_nobody_and_keeps_the_reason_sealed(ops: User) -> None:
    ada, countess = two()
    merge(ada, countess, ops)
    merging.split_contact(countess, by=ops, at=TUESDAY, consent=Consent(f"{countess.address} is her sister"))
    said = str(list(AuditEntry.objects.values_list("reason", "data", "subject")))
    assert countess.address not in said
    assert WHY.comment not in said
    entry = AuditEntry.objects.get(verb="sequences.contact.merged")
    assert (entry.subject, entry.data["into"]) == (audit.reference(countess), audit.reference(ada))
    kept = fresh(ada).card.person_id
    assert subjects.unseal(kept, AuditEntry.objects.get(verb=persons.MERGED).data["said"]) == WHY.comment
