"""Two accounts are one company: its people go over, stops and caps count for both, a later file finds it."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from compliance import clearance, suppression
from compliance.acts import Consent
from compliance.models import AuditEntry, Suppression, SuppressionReason, Touch
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refused
from compliance.suppression import Stop
from sequences import asks, company_merging, enrollment, lists, planner
from sequences.models import Account, Contact, Enrollment, ExitReason, OutboundMessage, RecipientList
from tests.cast import TUESDAY
from tests.factories import AccountFactory, ContactFactory, UserFactory, having_read, playbook_loaded
from tests.sequences.campaign import PLENTY, State, message, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

WHY = Consent("They merged in spring")


@pytest.fixture
def ops() -> User:
    return UserFactory(role="sales_ops")


def merge(kept: Account, other: Account, by: Principal, consent: Consent = WHY) -> Account:
    return company_merging.merge_accounts(kept, other, by=by, at=TUESDAY, consent=consent)


def refused(kept: Account, other: Account, by: Principal, consent: Consent = WHY) -> tuple[str, ...]:
    with pytest.raises(Refused) as error:
        merge(kept, other, by, consent)
    return error.value.codes


def two() -> tuple[Account, Account]:
    playbook_loaded()
    return AccountFactory(), AccountFactory()


def fresh(account: Account) -> Account:
    return Account.objects.get(pk=account.pk)


def stop(account: Account) -> None:
    reason = Stop(SuppressionReason.LEGAL_DEMAND)
    suppression.stop_company(account.key, [account.domain], reason, by=SYSTEM, at=TUESDAY)


class TestOneCompany:
    def test_its_people_go_over_and_its_name_stays(self, ops: User) -> None:
        kept, other = two()
        contact = ContactFactory(account=other)
        assert merge(kept, other, ops) == kept
        assert Contact.objects.get(pk=contact.pk).account == kept
        assert (fresh(other).merged_into, fresh(other).domain) == (kept, other.domain)
        assert fresh(other).key == kept.key

    def test_a_second_one_leaves_no_chain(self, ops: User) -> None:
        kept, other = two()
        third = AccountFactory()
        merge(other, third, ops)
        merge(kept, fresh(other), ops)
        assert {fresh(row).merged_into for row in (other, third)} == {kept}

    def test_the_log_says_who_said_so_and_why(self, ops: User) -> None:
        kept, other = two()
        ContactFactory(account=other)
        merge(kept, other, ops)
        entry = AuditEntry.objects.get(verb="sequences.account.merged")
        assert (entry.actor, entry.subject) == (f"user:{ops.pk}", f"sequences.account:{other.pk}")
        assert (entry.reason, entry.data) == (
            WHY.comment,
            {"into": f"sequences.account:{kept.pk}", "people": 1, "stops": 0},
        )

    def test_it_says_what_would_follow_before_anything_does(self, ops: User) -> None:
        other = AccountFactory()
        under_way(people=[ContactFactory(account=other)])
        kept = AccountFactory()
        stop(other)
        seen = company_merging.foresee(kept, other)
        assert (seen.people, seen.passages, seen.stopped) == (1, 1, True)
        assert fresh(other).merged_into is None


class TestPassages:
    def test_they_go_on_once_the_cro_has_signed_the_other_name(self, ops: User) -> None:
        kept, other = two()
        with ScriptedServer() as server:
            row = under_way(server.port, people=[ContactFactory(account=other)])
            merge(kept, other, ops)
            play()
            assert message().reason == "row_changed"
            again = RecipientList.objects.get(pk=row.pk)
            cro = UserFactory(role="cro")
            lists.sign(again, by=cro, at=TUESDAY, consent=having_read(again, cro, TUESDAY))
            assert play() == {"accepted": 1}
        assert kept.name.encode() in server.messages[0].raw

    def test_under_the_same_name_they_just_go_on(self, ops: User) -> None:
        playbook_loaded()
        kept, other = (AccountFactory(name="Pumps Ltd") for _account in range(2))
        with ScriptedServer() as server:
            under_way(server.port, people=[ContactFactory(account=other)])
            merge(kept, other, ops)
            assert play() == {"accepted": 1}
        assert Touch.objects.get().account == kept.key

    def test_what_was_asked_before_it_is_asked_again(self, ops: User) -> None:
        playbook_loaded()
        kept, other = (AccountFactory(name="Pumps Ltd") for _account in range(2))
        under_way(people=[ContactFactory(account=other)])
        planner.plan_round(TUESDAY)
        asked = asks.for_message(message())
        merge(kept, other, ops)
        assert clearance.preview([asked], TUESDAY)[0].code == "changed_meanwhile"


class TestStopsAndCaps:
    @pytest.mark.parametrize("which", [0, 1])
    def test_a_stop_of_either_ends_the_passages_at_both(self, ops: User, which: int) -> None:
        accounts = two()
        under_way(people=[ContactFactory(account=account) for account in accounts])
        stop(accounts[which])
        merge(*accounts, ops)
        enrollment.exit_round(TUESDAY)
        assert set(Enrollment.objects.values_list("exit_reason", flat=True)) == {ExitReason.OPTED_OUT}

    def test_what_went_to_either_counts_for_both(self, ops: User) -> None:
        playbook_loaded(caps={**PLENTY, "account": {"limit": 2, "hours": 24}})
        kept, other = (AccountFactory(name="Pumps Ltd") for _account in range(2))
        with ScriptedServer() as server:
            under_way(server.port, people=[ContactFactory(account=account) for account in (kept, other)])
            assert play() == {"accepted": 2}
            merge(kept, other, ops)
            version = RecipientList.objects.get().sequence_version
            under_way(people=[ContactFactory(account=kept), ContactFactory(account=fresh(other))], version=version)
            play()
        assert len(server.messages) == 2
        assert set(OutboundMessage.objects.filter(state=State.PLANNED).values_list("reason", flat=True)) <= {
            "account_cap",
            "",
        }

    def test_somebody_entered_at_the_former_account_belongs_to_the_company(self, ops: User) -> None:
        kept, other = two()
        merge(kept, other, ops)
        stop(kept)
        late = ContactFactory(account=fresh(other), address="late@elsewhere.example.com")
        under_way(people=[late])
        assert not Enrollment.objects.exists()


class TestRefusals:
    def test_the_same_account(self, ops: User) -> None:
        kept, other = two()
        assert refused(kept, kept, ops) == ("one_already",)
        merge(kept, other, ops)
        assert refused(kept, other, ops) == ("one_already",)

    def test_one_that_was_merged_already(self, ops: User) -> None:
        kept, other = two()
        merge(kept, other, ops)
        assert refused(AccountFactory(), other, ops) == ("merged_already",)
        assert refused(other, AccountFactory(), ops) == ("merged_already",)

    def test_one_without_a_domain_does_not_take_in_one_that_has_one(self, ops: User) -> None:
        kept, other = two()
        bare = AccountFactory(name="Bare Ltd", domain="")
        assert refused(bare, other, ops) == ("no_domain",)
        assert merge(kept, bare, ops) == kept

    @pytest.mark.parametrize("role", ["rep", "content", "cmo", ""])
    def test_who_may_not(self, role: str) -> None:
        assert refused(*two(), UserFactory(role=role)) == ("not_permitted",)

    def test_the_installation_by_itself(self) -> None:
        assert refused(*two(), SYSTEM) == ("not_permitted",)

    def test_without_saying_why(self, ops: User) -> None:
        assert refused(*two(), ops, Consent("  ")) == ("comment_missing",)

    @pytest.mark.parametrize("role", ["cro", "sales_ops"])
    def test_who_may(self, role: str) -> None:
        kept, other = two()
        assert merge(kept, other, UserFactory(role=role)) == kept

    def test_nothing_is_half_done_when_it_fails(self, ops: User, monkeypatch: pytest.MonkeyPatch) -> None:
        kept, other = two()
        stop(other)
        before = numbers()
        monkeypatch.setattr("sequences.company_merging.audit.record", breaks)
        with pytest.raises(ZeroDivisionError):
            merge(kept, other, ops)
        assert numbers() == before


def breaks(*_given: object, **_told: object) -> None:
    raise ZeroDivisionError


def numbers() -> list[int]:
    counted: list[Callable[[], int]] = [
        Suppression.objects.count,
        AuditEntry.objects.count,
        Account.objects.filter(merged_into__isnull=False).count,
    ]
    return [count() for count in counted]
