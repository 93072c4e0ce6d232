"""The ladder from the bottom to the top, what each arrow writes down, and what it refuses."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from compliance.models import AuditEntry
from compliance.refusals import Refused
from compliance.transitions import NotPermitted
from handoff import ladder
from handoff.ladder import Said
from handoff.models import Lead, Stage, StageMove, Task
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.handoff.climbing import at_stage, fit, lead_of, mql

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_is_reached_by_arrows(stage: Stage) -> None:
    assert Lead.objects.get(pk=at_stage(stage).pk).stage == stage


def test_an_arrow_says_everything_that_is_missing() -> None:
    with pytest.raises(Refused) as refused:
        ladder.take(lead_of(), "qualify", by=UserFactory(role="sales_ops"), at=TUESDAY)
    assert refused.value.codes == ("gate_unknown",) * 5 + ("no_signal",)


def test_an_sql_needs_what_an_mql_needs_and_three_indicators() -> None:
    lead = mql(indicators=2)
    with pytest.raises(Refused, match="2 of 3 indicators"):
        ladder.take(lead, "confirm", by=UserFactory(role="cro"), at=TUESDAY)


def test_an_arrow_writes_down_on_what_grounds_it_was_taken() -> None:
    lead = mql()
    row = StageMove.objects.get(lead=lead)
    assert (row.was, row.became, row.by, row.playbook) == ("prospect", "mql", "system", 1)
    assert (len(row.grounds["findings"]), len(row.grounds["signals"])) == (5, 1)
    assert row.seconds == 24 * 60 * 60
    assert AuditEntry.objects.filter(verb="handoff.lead.qualify", subject=f"handoff.lead:{lead.pk}").count() == 1


def test_an_mql_is_decided_about_within_two_business_days() -> None:
    task = Task.objects.get(lead=mql(), kind=Task.Kind.DECIDE_SQL)
    assert (task.role, (task.due_at - TUESDAY).days) == ("cro", 2)


def test_whoever_has_no_right_to_an_arrow_does_not_take_it() -> None:
    with pytest.raises(NotPermitted):
        ladder.take(mql(indicators=3), "confirm", by=UserFactory(role="sales_ops"), at=TUESDAY)


def test_of_two_who_confirm_at_once_one_is_told_that_it_is_done() -> None:
    lead, cro = mql(indicators=3), UserFactory(role="cro")
    ladder.take(lead, "confirm", by=cro, at=TUESDAY)
    with pytest.raises(Refused):
        ladder.take(lead, "confirm", by=cro, at=TUESDAY)
    assert StageMove.objects.filter(lead=lead, arrow="confirm").count() == 1


@pytest.mark.parametrize("reason", ["", "other", "price"])
def test_a_reason_is_one_of_its_list(reason: str) -> None:
    with pytest.raises(Refused, match="Choose one of"):
        ladder.take(mql(), "disqualify", by=UserFactory(role="cro"), at=TUESDAY, said=Said(reason))


@pytest.mark.everywhere
class TestTheDatabase:
    def test_no_stage_changes_but_by_an_arrow(self) -> None:
        lead = lead_of()
        with pytest.raises(DatabaseError, match="by an arrow only"), transaction.atomic():
            Lead.objects.filter(pk=lead.pk).update(stage=Stage.WON)

    def test_no_lead_begins_above_the_bottom(self) -> None:
        known = lead_of()
        with pytest.raises(DatabaseError, match="begins as a prospect"), transaction.atomic():
            Lead.objects.create(contact=known.contact, stage=Stage.SQL, stage_since=TUESDAY, created_at=TUESDAY)

    @pytest.mark.parametrize("table", ["stagemove", "signal", "finding"])
    def test_what_was_written_down_stays(self, table: str) -> None:
        mql()
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
            apps.get_model("handoff", table).objects.all().delete()


@pytest.mark.postgres
def test_no_stage_changes_without_its_record() -> None:
    def by_hand(lead: Lead) -> None:
        with transaction.atomic():
            Lead.objects.filter(pk=lead.pk).update(stage=Stage.MQL, move_token="0123456789abcdef")
            connection.check_constraints()

    lead = fit(lead_of())
    with pytest.raises(DatabaseError, match="without its record"):
        by_hand(lead)
