"""Who is one person: merged, everything strict about either holds for both, and a split takes none of it back."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from compliance import addresses, persons, sealer, subjects, suppression
from compliance.models import AddressCard, AuditEntry, PersonKey, Strength, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.suppression import Stop
from tests.cast import TUESDAY
from tests.factories import card_of

pytestmark = pytest.mark.django_db

ADA, COUNTESS, THIRD = "ada@example.com", "countess@lovelace.example", "lady@byron.example"
REASON = "She told us that both are hers"


def key(address: str) -> UUID:
    return AddressCard.objects.get(pk=card_of(address).pk).person_id


def merge(kept: str, absorbed: str) -> persons.Merged:
    return persons.merge(key(kept), key(absorbed), by=SYSTEM, at=TUESDAY, reason=REASON)


def split(address: str) -> UUID:
    return persons.split(card_of(address), by=SYSTEM, at=TUESDAY, reason="not hers after all")


def stop(address: str, reason: SuppressionReason = SuppressionReason.ONE_CLICK) -> Suppression:
    return suppression.stop_address(addresses.parse(address), Stop(reason), by=SYSTEM, at=TUESDAY)


def held(address: str) -> SuppressionReason | None:
    card = card_of(address)
    row = suppression.stopped_cards([card.pk]).get(card.pk)
    return SuppressionReason(row.reason) if row else None


def held_by_spelling(address: str) -> bool:
    """Whether a stop holds by the digests of this very address, without asking whose it is."""
    return bool(suppression.stopped_spellings([addresses.parse(address)]))


@pytest.mark.everywhere
class TestMerging:
    def test_two_become_one_person_with_the_cards_of_both(self) -> None:
        was = key(COUNTESS)
        merge(ADA, COUNTESS)
        assert key(ADA) == key(COUNTESS)
        assert persons.root(was) == key(ADA)

    @pytest.mark.parametrize(("kept", "absorbed"), [(ADA, COUNTESS), (COUNTESS, ADA)])
    def test_a_stop_of_either_holds_for_both(self, kept: str, absorbed: str) -> None:
        stop(ADA)
        merge(kept, absorbed)
        assert held(ADA) == held(COUNTESS) == SuppressionReason.ONE_CLICK
        assert held_by_spelling(COUNTESS)

    def test_the_strictest_wins(self) -> None:
        stop(ADA, SuppressionReason.BY_HAND)
        stop(COUNTESS, SuppressionReason.COMPLAINT)
        merge(ADA, COUNTESS)
        assert held(ADA) == held(COUNTESS) == SuppressionReason.COMPLAINT

    def test_a_merge_adds_to_the_stops_and_changes_none(self) -> None:
        first = stop(COUNTESS)
        merge(ADA, COUNTESS)
        copy = Suppression.objects.exclude(pk=first.pk).get()
        assert (copy.person, copy.reason, copy.strength) == (key(ADA), first.reason, Strength.OPT_OUT)
        assert (copy.source, copy.evidence) == ("merge", {"from": first.pk})
        assert copy.order_no > first.order_no

    def test_of_several_stops_for_one_reason_one_is_copied(self) -> None:
        stop(ADA)
        stop(COUNTESS)
        merge(ADA, COUNTESS)
        assert Suppression.objects.filter(source="merge").count() == 1

    def test_a_stop_that_comes_later_holds_for_both(self) -> None:
        merge(ADA, COUNTESS)
        stop(COUNTESS)
        assert held(ADA) == held(COUNTESS) == SuppressionReason.ONE_CLICK

    def test_the_third_one_is_the_same_person_however_it_came_about(self) -> None:
        first, second = key(COUNTESS), key(THIRD)
        merge(COUNTESS, THIRD)
        merge(ADA, COUNTESS)
        assert persons.root(first) == persons.root(second) == key(ADA)
        assert set(PersonKey.objects.filter(merged_into=key(ADA)).values_list("pk", flat=True)) == {first, second}

    def test_a_merge_into_somebody_absorbed_goes_to_who_they_are_now(self) -> None:
        absorbed = key(COUNTESS)
        merge(ADA, COUNTESS)
        persons.merge(absorbed, key(THIRD), by=SYSTEM, at=TUESDAY, reason=REASON)
        assert key(THIRD) == key(ADA)

    def test_nobody_is_merged_with_themselves(self) -> None:
        with pytest.raises(Refused) as refused:
            merge(ADA, ADA)
        assert refused.value.codes == ("one_already",)

    def test_there_is_no_way_round_in_a_circle(self) -> None:
        ada, countess = key(ADA), key(COUNTESS)
        merge(ADA, COUNTESS)
        with pytest.raises(Refused) as refused:
            persons.merge(countess, ada, by=SYSTEM, at=TUESDAY, reason=REASON)
        assert refused.value.codes == ("one_already",)
        assert PersonKey.objects.get(pk=ada).merged_into is None

    def test_somebody_nobody_knows_is_refused(self) -> None:
        with pytest.raises(Refused) as refused:
            persons.merge(key(ADA), uuid4(), by=SYSTEM, at=TUESDAY, reason=REASON)
        assert refused.value.codes == ("unknown_person",)

    def test_a_stop_for_a_domain_stays_with_the_domain(self) -> None:
        suppression.stop_domain("lovelace.example", Stop(SuppressionReason.BY_HAND), by=SYSTEM, at=TUESDAY)
        merge(ADA, COUNTESS)
        assert held(ADA) is None
        assert held(COUNTESS) == SuppressionReason.BY_HAND


@pytest.mark.everywhere
class TestSplitting:
    def test_the_card_is_a_person_of_its_own_again(self) -> None:
        merge(ADA, COUNTESS)
        assert split(COUNTESS) == key(COUNTESS) != key(ADA)

    @pytest.mark.parametrize("stopped", [ADA, COUNTESS])
    def test_a_stop_from_before_the_merge_holds_for_both_afterwards(self, stopped: str) -> None:
        stop(stopped)
        merge(ADA, COUNTESS)
        split(COUNTESS)
        assert held(ADA) == held(COUNTESS) == SuppressionReason.ONE_CLICK

    @pytest.mark.parametrize("stopped", [ADA, COUNTESS])
    def test_a_stop_from_in_between_holds_for_both_afterwards(self, stopped: str) -> None:
        merge(ADA, COUNTESS)
        stop(stopped)
        split(COUNTESS)
        assert held(ADA) == held(COUNTESS) == SuppressionReason.ONE_CLICK
        assert Suppression.objects.filter(person=key(COUNTESS)).exists()

    def test_without_any_stop_none_is_made(self) -> None:
        merge(ADA, COUNTESS)
        split(COUNTESS)
        assert not Suppression.objects.exists()

    def test_a_later_stop_is_the_ones_own(self) -> None:
        merge(ADA, COUNTESS)
        split(COUNTESS)
        stop(COUNTESS)
        assert held(COUNTESS) == SuppressionReason.ONE_CLICK
        assert held(ADA) is None

    def test_the_others_of_three_stay_one_person(self) -> None:
        merge(ADA, COUNTESS)
        merge(ADA, THIRD)
        split(COUNTESS)
        assert key(ADA) == key(THIRD) != key(COUNTESS)

    def test_they_can_be_merged_again(self) -> None:
        merge(ADA, COUNTESS)
        split(COUNTESS)
        merge(COUNTESS, ADA)
        assert key(ADA) == key(COUNTESS)

    def test_a_persons_only_card_is_not_split_off(self) -> None:
        with pytest.raises(Refused) as refused:
            split(ADA)
        assert refused.value.codes == ("only_card",)


class TestAliases:
    def test_everybody_is_themselves(self) -> None:
        nobody = uuid4()
        assert persons.aliases([key(ADA), nobody]) == {key(ADA): {key(ADA)}, nobody: {nobody}}

    @pytest.mark.everywhere
    def test_who_was_merged_counts_as_who_they_are_now(self) -> None:
        was, was_too = key(COUNTESS), key(THIRD)
        merge(COUNTESS, THIRD)
        merge(ADA, COUNTESS)
        assert persons.aliases([key(ADA)]) == {key(ADA): {key(ADA), was, was_too}}

    def test_many_persons_cost_one_query(self, django_assert_num_queries: object) -> None:
        many = [key(f"ada.{number}@example.com") for number in range(20)]
        with django_assert_num_queries(1):  # type: ignore[operator]
            assert len(persons.aliases(many)) == 20


class TestTheLog:
    def test_a_merge_says_who_and_which_stops_and_why_under_the_persons_key(self) -> None:
        was = key(COUNTESS)
        first = stop(COUNTESS)
        merge(ADA, COUNTESS)
        entry = AuditEntry.objects.get(verb=persons.MERGED)
        assert entry.subject == f"compliance.personkey:{key(ADA)}"
        assert entry.data["absorbed"] == str(was)
        assert entry.data["stops"] == [first.pk + 1]
        assert entry.reason == ""
        assert subjects.unseal(key(ADA), entry.data["said"]) == REASON

    def test_a_split_says_who_they_are_now(self) -> None:
        merge(ADA, COUNTESS)
        new = split(COUNTESS)
        entry = AuditEntry.objects.get(verb=persons.SPLIT)
        assert (entry.subject, entry.data["person"]) == (f"compliance.personkey:{key(ADA)}", str(new))

    def test_the_chain_holds(self) -> None:
        stop(ADA)
        merge(ADA, COUNTESS)
        split(COUNTESS)
        sealer.seal_round(TUESDAY + timedelta(minutes=1))
        assert sealer.verify().holds
