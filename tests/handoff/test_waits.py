"""What waits is told with the time that is left, by name, and in words."""

from datetime import timedelta

import pytest

from handoff import waits
from handoff.models import Task
from tests.cast import TUESDAY
from tests.factories import AccountFactory, ContactFactory, UserFactory
from tests.handoff.climbing import lead_of, mql, offered


def clock(**left: int) -> str:
    """The text of a clock with so much time left."""
    shown = waits.clock_of(TUESDAY + timedelta(**left), TUESDAY - timedelta(hours=1), TUESDAY)
    return str(shown).replace("\xa0", " ")


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ({"minutes": 5}, "due in 5 minutes"),
        ({"hours": 2, "minutes": 30}, "due in 2 hours, 30 minutes"),
        ({"days": 2, "hours": 3}, "due in 2 days"),
        ({"minutes": -5}, "overdue for 5 minutes"),
        ({"days": -15}, "overdue for 2 weeks"),
    ],
)
def test_the_clock_says_how_much_time_is_left(left: dict[str, int], said: str) -> None:
    assert said in clock(**left)


@pytest.mark.parametrize(("warn", "tone"), [(-1, "ho-wait"), (1, "ho-info")])
def test_the_clock_turns_when_somebody_was_warned(warn: int, tone: str) -> None:
    due = TUESDAY + timedelta(hours=2)
    assert tone in str(waits.clock_of(due, TUESDAY + timedelta(hours=warn), TUESDAY))


def test_what_is_due_at_this_moment_is_overdue() -> None:
    assert "ho-bad" in str(waits.clock_of(TUESDAY, None, TUESDAY))


@pytest.mark.django_db
class TestNames:
    def test_a_lead_is_named_with_its_company(self) -> None:
        contact = ContactFactory(first_name="Ada", last_name="Byron", account=AccountFactory(name="Pumps Ltd"))
        assert waits.named(lead_of(contact)) == "Ada Byron, Pumps Ltd"

    def test_without_a_name_the_address_stands_for_it(self) -> None:
        contact = ContactFactory(first_name="", last_name="", account=None, address="ada@pumps.example.com")
        assert waits.named(lead_of(contact)) == "ada@pumps.example.com"

    def test_a_task_names_its_person_or_else_its_role(self) -> None:
        person = UserFactory(first_name="Nora", last_name="Vogel")
        assert waits.whose(Task(role="cro")) == "CRO"
        assert waits.whose(Task(role="cro", person=person)) == "Nora Vogel"

    def test_a_gap_that_a_playbook_added_is_shown_as_it_is(self) -> None:
        assert waits.note_of(Task(kind=Task.Kind.COMPLETE, note="tier, next_board_meeting")) == (
            "the tier, next board meeting"
        )

    def test_what_is_open_on_a_lead_stands_by_when_it_is_due(self) -> None:
        lead = mql()
        offered(lead, UserFactory(role="rep"), at=TUESDAY)
        found = waits.open_on([lead.pk], TUESDAY)[lead.pk]
        assert [one.due_at for one in found] == sorted(one.due_at for one in found)
        assert [one.what for one in found] == ["Offered, tier C", "Decide whether this is an SQL"]

    def test_nothing_is_open_on_nobody(self) -> None:
        assert waits.open_on([], TUESDAY) == {}
