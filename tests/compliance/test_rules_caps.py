"""The caps at the door: how many go, when the next one may, and which limit it was (spec SQ6; LAW LIM-01, LIM-03)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from compliance import clearance, persons
from compliance.asking import Ask
from compliance.clearance import Ruling, Verdict
from compliance.principals import SYSTEM
from compliance.rules_caps import rooms_of
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import ask, clear
from tests.factories import playbook_loaded

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere, pytest.mark.usefixtures("ledger_rules", "_wide_caps")]
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WIDE = {"limit": 1000, "hours": 24, "because": "Another cap is looked at."}


@pytest.fixture
def _wide_caps(ledger_rules: None) -> None:
    caps()


def caps(also: Mapping[str, Any] | None = None, /, **limits: int) -> None:
    names = ("person", "account", "recipient_domain", "mailbox", "new_people")
    playbook_loaded(caps={name: {**WIDE, "limit": limits.get(name, 1000)} for name in names} | dict(also or {}))


def preview(question: Ask, at: datetime = TUESDAY) -> Ruling:
    (ruling,) = clearance.preview([question], at)
    return ruling


def people(count: int, **columns: Any) -> list[Ask]:
    """Strangers to each other, each at a company of their own."""
    return [
        ask(f"p@c{number}.example.org", ref=f"{number}/1", account=f"account:{number}", **columns)
        for number in range(count)
    ]


def let_through(questions: list[Ask], at: datetime = TUESDAY) -> int:
    return sum(ruling.permitted for ruling in clear(*questions, at=at))


def said(name: str, question: Ask, at: datetime = TUESDAY) -> Verdict:
    (found,) = [verdict for verdict in preview(question, at).verdicts if verdict.rule == name]
    return found


# --- caps -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "questions"),
    [
        ("person", [{}, {"account": "account:2"}]),
        ("account", [{"text": "a@one.example.org"}, {"text": "b@two.example.org"}]),
        ("recipient_domain", [{"text": "a@one.example.org"}, {"text": "b@one.example.org", "account": "account:2"}]),
        ("mailbox", [{"text": "a@one.example.org"}, {"text": "b@two.example.org", "account": "account:2"}]),
    ],
)
def test_a_cap_lets_one_through_and_says_when_the_next_may_go(name: str, questions: list[dict[str, Any]]) -> None:
    caps(**{name: 1})
    first, second = (ask(ref=f"{number}/1", **given) for number, given in enumerate(questions))
    clear(first)
    (ruling,) = clear(second)
    assert (ruling.code, ruling.decisive.until) == (f"{name}_cap", TUESDAY + DAY)
    (ruling,) = clear(ask(ref="9/1", attempt=1, **questions[1]), at=TUESDAY + DAY)
    assert ruling.permitted


def test_a_message_does_not_stand_in_its_own_way() -> None:
    caps(person=1)
    clear(ask())
    (ruling,) = clear(ask(attempt=2), at=TUESDAY + timedelta(minutes=15))
    assert ruling.permitted


def test_every_attempt_counts_for_the_mailbox() -> None:
    caps(mailbox=2)
    for attempt in (1, 2):
        clear(ask(attempt=attempt))
    assert [ruling.code for ruling in clear(ask(attempt=3))] == ["mailbox_cap"]


def test_a_message_counts_once_and_at_its_latest_attempt() -> None:
    caps(person=1)
    clear(ask())
    clear(ask(attempt=2), at=TUESDAY + DAY / 2)
    (ruling,) = clear(ask(ref="1/2", step=2), at=TUESDAY + DAY)
    assert (ruling.code, ruling.decisive.until) == ("person_cap", TUESDAY + DAY * 1.5)
    assert ruling.decisive.why["used"] == 1


def test_people_without_an_account_share_no_cap() -> None:
    caps(account=1)
    questions = [ask(f"{name}@one.example.org", ref=f"{name}/1", account="") for name in ("a", "b", "c")]
    assert [ruling.code for ruling in clear(*questions)] == ["", "", ""]


def test_messages_without_a_mailbox_share_no_cap() -> None:
    caps(mailbox=1)
    questions = [ask(f"{name}@one.example.org", ref=f"{name}/1", mailbox="") for name in ("a", "b")]
    assert [ruling.code for ruling in clear(*questions)] == ["", ""]


def test_nobody_is_capped_before_anything_is_planned() -> None:
    caps(person=1, account=1, mailbox=1, recipient_domain=1)
    clear(ask())
    assert preview(ask(ref="row/1", step=None)).permitted


def test_a_cap_counts_other_people_at_the_same_domain_in_the_same_batch() -> None:
    caps(recipient_domain=2)
    questions = [ask(f"{name}@one.example.org", ref=f"{name}/1") for name in ("a", "b", "c")]
    assert [ruling.code for ruling in clear(*questions)] == ["", "", "recipient_domain_cap"]


def test_what_went_before_counts_against_the_others_of_a_batch() -> None:
    """A message that is tried again does not hide its first try from the person's next message."""
    caps(person=1)
    clear(ask())
    rulings = clearance.preview([ask(attempt=2, source=""), ask(ref="1/2", step=2)], TUESDAY + HOUR)
    assert [ruling.code for ruling in rulings] == ["no_source", "person_cap"]


# --- the person, whoever they were taken for --------------------------------------------------------------------------


def merged(one: Ask, into: Ask) -> None:
    assert one.person
    assert into.person
    persons.merge(into.person, one.person, by=SYSTEM, at=TUESDAY, reason="The same.")


def test_what_was_sent_to_an_absorbed_person_counts_for_who_they_are() -> None:
    caps(person=1)
    first, second = ask("ada@club.example.org", "1/1"), ask("ada@home.example.org", "2/1")
    clear(first)
    assert preview(second).permitted
    merged(first, into=second)
    assert preview(second).code == "person_cap"


def test_what_was_sent_to_somebody_absorbed_twice_counts_too() -> None:
    caps(person=1)
    first, second, third = (ask(f"ada@{name}.example.org", f"{name}/1") for name in ("a", "b", "c"))
    clear(first)
    merged(first, into=second)
    merged(second, into=third)
    assert preview(third).code == "person_cap"


# --- the domain, under every key --------------------------------------------------------------------------------------


def test_a_new_key_does_not_make_the_door_forget_the_last_day(settings: Settings) -> None:
    caps(recipient_domain=1)
    clear(ask("a@one.example.org", "1/1"))
    settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
    (ruling,) = clear(ask("b@one.example.org", "2/1"))
    assert ruling.code == "recipient_domain_cap"


# --- the mailbox: playbook, age, provider, minute ---------------------------------------------------------------------


@pytest.mark.parametrize(("provider", "quarter"), [("google", 500), ("other", 500), ("", 500), ("microsoft", 2500)])
def test_never_more_than_a_quarter_of_what_the_provider_allows(provider: str, quarter: int) -> None:
    caps(mailbox=10_000)
    found = said("MailboxCap", ask(provider=provider))
    assert (found.why["limit"], found.why["bound"]) == (quarter, "provider")


def test_a_relay_of_our_own_has_no_ceiling_no_ramp_and_no_minute() -> None:
    caps(mailbox=10_000)
    question = ask(provider="relay", mailbox_since=TUESDAY)
    assert said("MailboxCap", question).why["limit"] == 10_000
    assert said("MailboxMinuteCap", question).why == {}


def test_a_new_mailbox_sends_twenty_on_its_first_day_and_the_verdict_says_so() -> None:
    questions = people(21, provider="microsoft", mailbox_since=TUESDAY, step=2)
    caps({"mailbox_minute": {"limit": 7}})
    for minute in range(3):
        assert let_through(questions[7 * minute : 7 * minute + 7], TUESDAY + minute * MINUTE) == (7, 7, 6)[minute]
    (ruling,) = clear(ask("q@last.example.org", "99/1", provider="microsoft", mailbox_since=TUESDAY), at=TUESDAY + HOUR)
    assert (ruling.code, ruling.decisive.why["bound"], ruling.decisive.why["limit"]) == ("mailbox_cap", "ramp", 20)
    # The second day allows 24.
    assert ruling.decisive.until == TUESDAY + DAY


def test_what_a_day_older_mailbox_may_send_more_goes_as_soon_as_it_is_older() -> None:
    since = TUESDAY - DAY / 2
    first = people(20, provider="google", mailbox_since=since, step=2)
    assert sum(let_through([one], TUESDAY + number * MINUTE) for number, one in enumerate(first)) == 20
    late = ask("q@last.example.org", "99/1", provider="google", mailbox_since=since)
    assert preview(late, TUESDAY + HOUR).decisive.until == since + DAY
    assert preview(late, since + DAY).permitted


def test_an_old_mailbox_is_bound_by_the_playbook() -> None:
    caps(mailbox=50)
    found = said("MailboxCap", ask(provider="google", mailbox_since=LONG_AGO))
    assert (found.why["limit"], found.why["bound"]) == (50, "playbook")


def test_seven_a_minute_and_the_next_when_the_minute_is_over() -> None:
    questions = people(8, provider="microsoft", mailbox_since=LONG_AGO)
    rulings = clear(*questions)
    assert [ruling.code for ruling in rulings] == [""] * 7 + ["mailbox_minute_cap"]
    assert rulings[-1].decisive.until == TUESDAY + MINUTE


def test_a_quarter_of_exchanges_minute_is_never_exceeded() -> None:
    caps({"mailbox_minute": {"limit": 100, "because": "In a hurry."}})
    why = said("MailboxMinuteCap", ask(provider="microsoft")).why
    assert (why["limit"], why["bound"]) == (7, "provider")
    assert said("MailboxMinuteCap", ask(provider="google")).why["limit"] == 100


def test_without_a_reason_looser_than_the_default_does_not_count_at_the_door() -> None:
    playbook_loaded(caps={"account": {"limit": 1000, "hours": 24}})
    assert said("AccountCap", ask()).why == {"limit": 5, "hours": 24.0, "used": 0, "bound": "default"}


# --- new people -------------------------------------------------------------------------------------------------------


def test_so_many_people_a_day_are_written_to_for_the_first_time() -> None:
    caps(new_people=2)
    rulings = clear(*people(3))
    assert [ruling.code for ruling in rulings] == ["", "", "new_people_cap"]
    assert rulings[-1].decisive.until == TUESDAY + DAY


def test_later_steps_and_other_mailboxes_are_not_new_people() -> None:
    caps(new_people=1)
    clear(ask(ref="1/1"))
    assert preview(ask("b@one.example.org", "2/2", step=2)).permitted
    assert preview(ask("b@one.example.org", "2/1", mailbox="mailbox:2")).permitted


def test_a_new_person_who_is_tried_again_is_one_person() -> None:
    caps(new_people=2)
    for attempt in (1, 2, 3):
        clear(ask(attempt=attempt), at=TUESDAY + attempt * HOUR)
    assert preview(ask("b@one.example.org", "2/1"), TUESDAY + 4 * HOUR).permitted


def test_twenty_five_new_people_a_day_unless_the_playbook_says_otherwise() -> None:
    playbook_loaded(caps={})
    assert said("NewPeopleCap", ask()).why["limit"] == 25


# --- what a mailbox may still send ------------------------------------------------------------------------------------


def test_the_room_that_is_left_is_told_limit_by_limit() -> None:
    caps(mailbox=100, new_people=1)
    clear(ask(provider="microsoft", mailbox_since=TUESDAY))
    rooms = rooms_of("mailbox:1", provider="microsoft", since=TUESDAY, at=TUESDAY + HOUR)
    assert [(one.bound, one.used, one.limit) for one in rooms["mailbox"]] == [
        ("playbook", 1, 100),
        ("provider", 1, 2500),
        ("ramp", 1, 20),
    ]
    assert [(one.used, one.limit) for one in rooms["mailbox_minute"]] == [(0, 7), (0, 7)]
    assert [(one.used, one.free) for one in rooms["new_people"]] == [(1, TUESDAY + DAY)]
