"""Two keys of companies turn out to name one: stops, halts and caps of either hold for both (LAW SUP-07, LIM-03)."""

from collections.abc import Collection

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from compliance import companies, halts, lifting, stopped, suppression
from compliance.acts import Consent
from compliance.models import AuditEntry, Halt, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.suppression import Stop
from tests.cast import TUESDAY
from tests.compliance.asking import RULES, ask, clear
from tests.factories import UserFactory, armed, playbook_loaded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

ONE, OTHER, THIRD = "account:1", "account:2", "account:3"
DOMAINS = ("pumps.example", "valves.example")


@pytest.fixture(autouse=True)
def _ledger(settings: Settings) -> None:
    settings.CLEARANCE_RULES = ["compliance.rules_standing.NotHalted", *RULES]
    playbook_loaded()
    armed()


def merge(kept: str = ONE, absorbed: str = OTHER, domains: Collection[str] = DOMAINS) -> list[int]:
    return companies.merge(kept, absorbed, domains, by=SYSTEM, at=TUESDAY, reason="One trade register entry.")


def stop(account: str, domain: str, reason: SuppressionReason = SuppressionReason.LEGAL_DEMAND) -> Suppression:
    return suppression.stop_company(account, [domain], Stop(reason), by=SYSTEM, at=TUESDAY)


def codes(*texts: str, account: str = ONE) -> list[str]:
    asks = [ask(text, f"{account}/{number}", account=account) for number, text in enumerate(texts)]
    return [ruling.code for ruling in clear(*asks)]


class TestStops:
    @pytest.mark.parametrize(("account", "domain"), [(ONE, "pumps.example"), (OTHER, "valves.example")])
    def test_a_stop_of_either_holds_for_everybody_at_both(self, account: str, domain: str) -> None:
        stop(account, domain)
        merge()
        assert codes("ada@elsewhere.example") == ["suppressed"]
        assert codes("bo@mail.pumps.example", "cy@valves.example", account="") == ["suppressed"] * 2

    def test_nothing_is_rewritten_and_the_copy_names_where_it_comes_from(self) -> None:
        row = stop(OTHER, "valves.example")
        (copy,) = merge()
        assert Suppression.objects.get(pk=row.pk).account == OTHER
        made = Suppression.objects.get(pk=copy)
        assert (made.account, made.reason, made.evidence) == (ONE, row.reason, {"from": row.pk})
        assert made.order_no > row.order_no

    def test_the_strictest_counts(self) -> None:
        stop(ONE, "pumps.example", SuppressionReason.BY_HAND)
        stop(OTHER, "valves.example", SuppressionReason.LEGAL_DEMAND)
        merge()
        assert stopped.stopped_accounts([ONE])[ONE].reason == SuppressionReason.LEGAL_DEMAND

    def test_what_was_lifted_does_not_come_back(self) -> None:
        row = stop(OTHER, "valves.example", SuppressionReason.BY_HAND)
        lifting.lift_alone(row, "A mistake", by=UserFactory(role="sales_ops"), at=TUESDAY)
        assert merge() == []
        assert codes("ada@valves.example") == [""]

    def test_a_stop_that_says_it_all_is_not_copied(self) -> None:
        suppression.stop_company(ONE, DOMAINS, Stop(SuppressionReason.BY_HAND), by=SYSTEM, at=TUESDAY)
        assert merge() == []

    def test_it_is_known_over_several_merges(self) -> None:
        stop(THIRD, "seals.example")
        merge(OTHER, THIRD, ["valves.example", "seals.example"])
        merge(ONE, OTHER)
        assert codes("ada@elsewhere.example") == ["suppressed"]


class TestCaps:
    def test_what_went_to_either_counts_for_both(self) -> None:
        playbook_loaded(caps={"account": {"limit": 3, "hours": 24}})
        assert codes("a@pumps.example", account=ONE) == [""]
        assert codes("b@valves.example", "c@valves.example", account=OTHER) == ["", ""]
        merge()
        assert [ruling.code for ruling in clear(ask("d@pumps.example", "9/1", account=ONE))] == ["account_cap"]

    def test_so_it_does_over_several_merges(self) -> None:
        merge(OTHER, THIRD, [])
        merge(ONE, OTHER, [])
        assert companies.absorbed([ONE, THIRD]) == {OTHER: ONE, THIRD: ONE}

    def test_names_are_looked_up_in_one_query(self) -> None:
        merge()
        with CaptureQueriesContext(connection) as queries:
            companies.absorbed([f"account:{number}" for number in range(200)])
        assert len(queries) == 1


class TestHalts:
    def test_what_stands_still_for_the_other_stands_still_for_both(self) -> None:
        row = halts.place(OTHER, Halt.Kind.KILL_SWITCH, "Odd replies.", by=SYSTEM, at=TUESDAY)
        merge()
        assert codes("ada@pumps.example") == ["halted"]
        assert halts.standing([ONE, OTHER])[ONE].reason == row.reason

    def test_while_a_start_is_asked_for_nothing_is_merged(self) -> None:
        row = halts.place(ONE, Halt.Kind.KILL_SWITCH, "Odd replies.", by=SYSTEM, at=TUESDAY)
        halts.ask_start(row, by=UserFactory(role="cro"), at=TUESDAY, consent=Consent("Mended."))
        assert refused(ONE, OTHER) == ["start_asked"]


class TestRefusals:
    def test_a_company_is_not_merged_with_itself(self) -> None:
        assert refused(ONE, ONE) == ["one_already"]

    @pytest.mark.parametrize(("kept", "absorbed"), [(THIRD, OTHER), (OTHER, THIRD)])
    def test_nor_is_one_that_is_another_one_by_now(self, kept: str, absorbed: str) -> None:
        merge()
        assert refused(kept, absorbed) == ["merged_already"]


def test_the_log_says_who_said_so_and_why() -> None:
    stop(OTHER, "valves.example")
    stops = merge()
    entry = AuditEntry.objects.get(verb="compliance.company.merged")
    assert (entry.actor, entry.subject, entry.reason) == ("system", OTHER, "One trade register entry.")
    assert entry.data == {"into": ONE, "stops": stops, "halts": []}


def refused(kept: str, absorbed: str) -> list[str]:
    with pytest.raises(Refused) as said:
        merge(kept, absorbed)
    return [refusal.code for refusal in said.value.refusals]
