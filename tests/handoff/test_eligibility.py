"""Which stage may receive which sequence, who waits, and who leaves when the stage changes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from compliance import clearance
from compliance.principals import SYSTEM
from handoff import handover, ladder
from handoff.ladder import Said
from handoff.models import Lead, Stage
from sequences import asks, lists, planner
from sequences.models import Enrollment, OutboundMessage, SequenceType
from tests.cast import TUESDAY
from tests.factories import (
    ContactFactory,
    RecipientListFactory,
    UserFactory,
    approved_sequence,
    running_list,
    submitted_list,
)
from tests.rungs import classified
from tests.sequences.campaign import play, under_way

pytestmark = pytest.mark.django_db


def lead() -> Lead:
    return Lead.objects.get()


def test_an_mql_receives_nurture() -> None:
    under_way()
    planner.plan_round(TUESDAY)
    assert Enrollment.objects.get().messages.get().state == "planned"


def test_an_open_offer_holds_every_sequence_of_theirs() -> None:
    under_way()
    handover.offer(lead(), UserFactory(role="cro"), cause="test", by=SYSTEM, at=TUESDAY)
    assert play() == {}
    waits = OutboundMessage.objects.get()
    assert (waits.state, waits.reason) == (OutboundMessage.State.PLANNED, "being_worked")
    assert waits.not_before >= TUESDAY + timedelta(days=1)


def test_whoever_was_not_classified_is_listed_and_waits() -> None:
    contact = ContactFactory()
    version = approved_sequence(TUESDAY)
    row = RecipientListFactory(sequence_version=version)
    lists.add(row, [(contact, contact.source, contact.basis)], by=row.author, at=TUESDAY)
    assert lists.look_ahead(row, TUESDAY).refused == {}
    ask = replace(asks.for_row(row.rows.get(), version), step=1)
    (said,) = [one for one in clearance.preview([ask], TUESDAY)[0].said if one.code == "not_classified"]
    assert said.until == TUESDAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("arrow", "said", "reason"),
    [("disqualify", Said("wrong_persona"), "disqualified"), ("archive", Said("ended"), "stage_changed")],
)
def test_a_sequence_ends_when_the_stage_no_longer_fits(arrow: str, said: Said, reason: str) -> None:
    under_way()
    by = UserFactory(role="sales_ops")
    ladder.take(lead(), arrow, by=by, at=TUESDAY + timedelta(minutes=1), said=said)
    assert Enrollment.objects.get().exit_reason == reason


def test_somebody_won_is_refused_at_the_list() -> None:
    contact = ContactFactory()
    version = approved_sequence(TUESDAY)
    classified([contact], Stage.WON)
    row = submitted_list(TUESDAY, [contact], version)
    assert lists.look_ahead(row, TUESDAY).refused == {"stage_does_not_fit": 1}


def test_activation_is_for_sqls() -> None:
    version = approved_sequence(TUESDAY, type=SequenceType.ACTIVATION)
    contact = ContactFactory()
    running_list(TUESDAY, [contact], version)
    assert lead().stage == Stage.SQL
    assert Enrollment.objects.count() == 1
