"""The door: every reason refuses, any error means no, and what is decided is committed before it counts."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import DatabaseError, InterfaceError
from pytest_django.fixtures import Settings

from compliance import clearance, playbook, verdicts
from compliance.clearance import NoRules, Rule, Ruling
from compliance.models import Decision, Outcome, Touch
from tests.cast import TUESDAY
from tests.compliance.asking import ADA, RULES, ask, clear, everything, stop
from tests.compliance.odd_rules import (
    BreaksTheTransaction,
    CannotLoad,
    CannotSpend,
    HasLostTheDatabase,
    Raises,
    Refuses,
    SaysNothing,
    SaysSomethingElse,
    Waits,
    WaitsLess,
)
from tests.factories import playbook_loaded

everywhere = pytest.mark.everywhere
committed = pytest.mark.django_db(transaction=True)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger_rules", "_a_playbook")]
LATER = TUESDAY + timedelta(hours=1)


@pytest.fixture
def _a_playbook(request: pytest.FixtureRequest, ledger_rules: None) -> None:
    twice = {"limit": 2, "hours": 48, "because": "The second question is looked at as well."}
    playbook_loaded(caps={"person": twice, "mailbox": {"limit": 3, "hours": 24}})


def only(*rules: type[Rule] | str) -> list[str]:
    return [rule if isinstance(rule, str) else f"{rule.__module__}.{rule.__qualname__}" for rule in rules]


def nothing_written() -> bool:
    return not Decision.objects.exists() and not Touch.objects.exists()


# --- what is decided --------------------------------------------------------------------------------------------------


@everywhere
def test_what_nothing_speaks_against_may_go() -> None:
    (ruling,) = clear(ask())
    assert ruling.permitted
    assert [verdict.rule for verdict in ruling.verdicts] == [path.rpartition(".")[2] for path in RULES]


@everywhere
def test_a_refusal_counts_before_any_deferral(settings: Settings) -> None:
    settings.CLEARANCE_RULES = only(Waits, Refuses, WaitsLess)
    (ruling,) = clear(ask())
    assert (ruling.outcome, ruling.code, ruling.decisive.ends) == (Outcome.REFUSE, "no", False)


@everywhere
def test_of_several_deferrals_the_latest_counts(settings: Settings) -> None:
    settings.CLEARANCE_RULES = only(WaitsLess, Waits, WaitsLess)
    (ruling,) = clear(ask())
    assert (ruling.code, ruling.decisive.until) == ("wait_longer", TUESDAY + timedelta(hours=9))


@everywhere
@pytest.mark.parametrize("rule", [Raises, CannotLoad, SaysNothing, SaysSomethingElse])
def test_a_rule_that_fails_means_no(settings: Settings, rule: type[Rule]) -> None:
    settings.CLEARANCE_RULES = [*RULES, *only(rule)]
    (ruling,) = clear(ask())
    assert (ruling.outcome, ruling.code) == (Outcome.DEFER, "policy_error")
    assert not Touch.objects.exists()


@everywhere
def test_a_failing_rule_does_not_hide_a_refusal(settings: Settings) -> None:
    settings.CLEARANCE_RULES = only(Raises, "compliance.rules.NotSuppressed")
    stop()
    assert [ruling.code for ruling in clear(ask())] == ["suppressed"]


@everywhere
def test_a_missing_playbook_means_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_section(key: str) -> None:
        raise playbook.NoPlaybook

    monkeypatch.setattr(playbook, "section", no_section)
    assert [ruling.code for ruling in clear(ask())] == ["policy_error"]


@pytest.mark.parametrize("rules", [[], ["compliance.rules.Nonsense"], ["nowhere.Rule"]])
def test_a_chain_that_cannot_be_read_lets_nothing_through(settings: Settings, rules: list[str]) -> None:
    settings.CLEARANCE_RULES = rules
    with pytest.raises((NoRules, ImportError)):
        clear(ask())
    assert nothing_written()


@everywhere
@pytest.mark.parametrize("rule", [BreaksTheTransaction, HasLostTheDatabase])
@committed
def test_a_database_error_in_a_rule_writes_nothing(settings: Settings, rule: type[Rule]) -> None:
    settings.CLEARANCE_RULES = [*only(rule), *RULES]
    question = ask()
    with pytest.raises((DatabaseError, InterfaceError)):
        clear(question)
    assert nothing_written()


@everywhere
@committed
def test_a_rule_that_cannot_count_writes_nothing(settings: Settings) -> None:
    settings.CLEARANCE_RULES = [*RULES, *only(CannotSpend)]
    question = ask()
    with pytest.raises(ArithmeticError):
        clear(question)
    assert nothing_written()


@everywhere
@committed
def test_a_worker_that_breaks_off_while_confirming_writes_nothing() -> None:
    def confirm(permitted: Sequence[Ruling]) -> list[str]:
        raise ConnectionError

    question = ask()
    with pytest.raises(ConnectionError):
        clearance.clear([question], at=TUESDAY, confirm=confirm)
    assert nothing_written()


@everywhere
def test_a_batch_counts_itself_in_order() -> None:
    rulings = clear(*(ask(ref=f"{number}/1") for number in range(4)))
    assert [ruling.code for ruling in rulings] == ["", "", "person_cap", "person_cap"]


@everywhere
def test_a_refused_message_spends_nothing() -> None:
    stop("bob@pumps.example.com")
    refs = [("bob@pumps.example.com", "1/1"), (ADA, "2/1"), (ADA, "3/1")]
    assert [ruling.permitted for ruling in clear(*(ask(text, ref) for text, ref in refs))] == [False, True, True]


# --- what is written --------------------------------------------------------------------------------------------------


@everywhere
def test_a_permission_is_written_with_all_verdicts_and_a_touch() -> None:
    question = ask()
    (ruling,) = clear(question)
    row, touch = Decision.objects.get(), Touch.objects.get()
    assert (row.outcome, row.ref, row.attempt, row.code) == ("permit", "1/1", 1, "")
    assert (row.card, row.person, row.mailbox, row.at) == (question.card, question.person, "mailbox:1", TUESDAY)
    assert row.playbook == playbook.active().number == ruling.playbook
    assert [verdict["rule"] for verdict in verdicts.read(row.verdicts)] == [path.rpartition(".")[2] for path in RULES]
    assert (touch.ref, touch.at, touch.person, touch.order_no) == ("1/1", TUESDAY, question.person, row.order_no)


@everywhere
def test_a_refusal_is_written_without_a_touch() -> None:
    stop()
    clear(ask())
    assert (Decision.objects.get().outcome, Decision.objects.get().code) == ("refuse", "suppressed")
    assert not Touch.objects.exists()


@everywhere
def test_what_a_rule_looked_at_is_kept_as_text_and_numbers(settings: Settings) -> None:
    settings.CLEARANCE_RULES = only(Waits)
    clear(ask())
    (verdict,) = Decision.objects.get().verdicts
    assert verdict["why"] == {"day": "2026-11-17", "seen": "2026-11-17 10:00:00+00:00"}
    assert Decision.objects.get().not_before == TUESDAY + timedelta(hours=9)


@everywhere
def test_no_row_of_a_decision_shows_the_address(settings: Settings) -> None:
    settings.CLEARANCE_RULES = [*RULES, *only(Raises)]
    clear(ask())
    assert "pumps" not in str(Decision.objects.values_list().get())


@everywhere
def test_a_second_attempt_is_a_second_decision_and_a_second_touch() -> None:
    clear(ask())
    clear(ask(attempt=2), at=LATER)
    assert Decision.objects.filter(outcome="permit").count() == 2
    assert list(Touch.objects.order_by("at").values_list("attempt", "at")) == [(1, TUESDAY), (2, LATER)]


@everywhere
@committed
def test_the_same_attempt_is_not_decided_twice() -> None:
    question = ask()
    clear(question)
    with pytest.raises(DatabaseError):
        clear(question)
    assert Decision.objects.count() == 1


@everywhere
def test_a_message_whose_lease_was_lost_does_not_go_and_leaves_no_row() -> None:
    (ruling,) = clearance.clear([ask()], at=TUESDAY, confirm=lambda permitted: [])
    assert (ruling.permitted, ruling.code) == (False, "lease_lost")
    assert nothing_written()


@everywhere
def test_one_lost_lease_does_not_hold_up_the_others() -> None:
    questions = [ask(ref="1/1"), ask("bob@pumps.example.com", ref="2/1")]
    rulings = clearance.clear(questions, at=TUESDAY, confirm=lambda permitted: ["2/1"])
    assert [ruling.code for ruling in rulings] == ["lease_lost", ""]
    assert Touch.objects.get().ref == "2/1"


@everywhere
def test_only_permitted_messages_are_put_to_the_worker() -> None:
    stop("bob@pumps.example.com")
    shown: list[str] = []

    def confirm(permitted: Sequence[Ruling]) -> list[str]:
        shown.extend(everything(permitted))
        return shown

    clearance.clear([ask(ref="1/1"), ask("bob@pumps.example.com", ref="2/1")], at=TUESDAY, confirm=confirm)
    assert shown == ["1/1"]


@everywhere
def test_a_preview_says_the_same_and_reserves_nothing() -> None:
    questions = [ask(ref=f"{number}/1") for number in range(4)]
    said = [ruling.code for ruling in clearance.preview(questions, TUESDAY)]
    assert nothing_written()
    assert said == [ruling.code for ruling in clear(*questions)]


@everywhere
def test_later_decisions_have_higher_numbers() -> None:
    first, second = clear(ask(ref="1/1"), ask("bob@pumps.example.com", ref="2/1"))
    row = stop("eve@pumps.example.com")
    assert first.order_no < second.order_no < row.order_no


@everywhere
def test_nothing_asked_is_nothing_decided() -> None:
    assert clear() == []
