"""What whoever is offered a lead is told, what is missing in it, and that it is frozen and names no address."""

import json
from typing import Any

import pytest

from handoff import criteria, grounds, payload
from handoff.models import Handoff, Lead, Task
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory, playbook_loaded
from tests.handoff.climbing import fit, heard, judged, lead_of, mql, offered

pytestmark = pytest.mark.django_db


def told(lead: Lead) -> dict[str, Any]:
    return payload.of(lead, grounds.of(lead), tier="B", due_at=TUESDAY, at=TUESDAY)


class TestWhatIsTold:
    def test_who_they_are_without_an_address(self) -> None:
        lead = fit(lead_of())
        found = told(lead)
        account = lead.contact.account
        assert account
        assert (found["company"], found["title"], found["source"]) == (account.name, "Head of Pumps", "trade_fair")
        assert "@" not in json.dumps(found)

    def test_the_signals_that_count_with_the_latest_first(self) -> None:
        lead = lead_of()
        heard(lead, "E1", at=TUESDAY.replace(day=3))
        heard(lead, "E7")
        assert [(one["kind"], one["intent"]) for one in told(lead)["signals"]] == [("E7", "high"), ("E1", "low")]

    def test_what_is_ruled_out_what_is_there_and_what_nobody_has_judged(self) -> None:
        lead = lead_of()
        judged(lead, ["G1", "S1"])
        judged(lead, ["G2"], holds=False)
        found = told(lead)
        assert (found["ruled_out"], found["indicators"]) == (["G1"], ["S1"])
        assert found["open_questions"] == ["G3", "G4", "G5", "S2", "S3", "S4", "S5"]

    def test_it_says_in_which_form(self) -> None:
        assert told(lead_of())["form"] == 1

    def test_a_person_without_a_company_has_none(self) -> None:
        assert told(lead_of(ContactFactory(account=None)))["company"] == ""

    def test_no_more_signals_than_somebody_reads(self) -> None:
        lead = lead_of()
        for _number in range(25):
            heard(lead)
        assert len(told(lead)["signals"]) == 20


class TestGaps:
    def test_what_is_required_and_says_nothing_is_one(self) -> None:
        assert told(lead_of())["gaps"] == ["signals", "ruled_out"]

    def test_of_whom_all_is_known_there_is_none(self) -> None:
        lead = fit(lead_of(), indicators=5)
        assert (told(lead)["open_questions"], told(lead)["gaps"]) == ([], [])

    def test_the_playbook_says_what_is_required(self) -> None:
        playbook_loaded(payload={"required": ["title"]})
        lead = Lead.objects.create(contact=ContactFactory(title=""), stage_since=TUESDAY, created_at=TUESDAY)
        assert told(lead)["gaps"] == ["title"]

    def test_sales_ops_is_asked_to_fill_them_by_a_clock(self) -> None:
        lead = lead_of()
        offered(lead, UserFactory(role="rep"))
        task = Task.objects.get(lead=lead, kind=Task.Kind.COMPLETE)
        assert (task.role, task.note, task.due_at > TUESDAY) == ("sales_ops", "signals, ruled_out", True)

    def test_nobody_is_asked_where_there_is_none(self) -> None:
        lead = mql()
        offered(lead, UserFactory(role="rep"))
        assert not Task.objects.filter(lead=lead, kind=Task.Kind.COMPLETE).exists()


def test_what_was_offered_stays_as_it_was() -> None:
    lead = mql()
    row = offered(lead, UserFactory(role="rep"))
    judged(lead, criteria.INDICATORS)
    assert Handoff.objects.get(pk=row.pk).payload["indicators"] == []
