"""The opt-outs of the time before: nothing goes out until somebody has said on record what became of them."""

import pytest
from django.contrib.auth.models import User

from compliance import declaring
from compliance.acts import Consent, offers, perform
from compliance.asking import Batch
from compliance.models import AuditEntry, EarlierOptOuts, Installation, Purpose
from compliance.refusals import Refused
from compliance.rules_standing import EarlierOptOutsAreKnown
from tests.cast import TUESDAY
from tests.compliance.asking import ask, stop
from tests.factories import UserFactory, armed

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
ACTS = {act.arrow: act for act in declaring.ACTS}
SAID = Consent("We never wrote to anybody before.")


def say(arrow: str, by: User | None = None) -> None:
    by = by or UserFactory(role="sales_ops")
    perform(EarlierOptOuts.objects.get(), ACTS[arrow], by=by, at=TUESDAY, consent=SAID)


def door(step: int | None = 1) -> str:
    rule, question = EarlierOptOutsAreKnown(), ask(step=step)
    return rule.judge(question, rule.load(Batch([question]), TUESDAY), TUESDAY).code


@pytest.fixture
def _live() -> Installation:
    return armed(Purpose.PRODUCTION)


@pytest.mark.usefixtures("_live")
class TestALiveOne:
    def test_sends_nothing_at_first(self) -> None:
        assert door() == "opt_outs_not_declared"

    def test_plans_all_the_same(self) -> None:
        assert door(step=None) == ""

    def test_sends_once_somebody_has_said_that_there_are_none(self) -> None:
        say("declare_none")
        assert door() == ""
        entry = AuditEntry.objects.filter(verb__endswith="declare_none").get()
        assert (entry.reason, entry.data["stops"]) == (SAID.comment, 0)

    def test_has_loaded_none_where_there_is_no_stop(self) -> None:
        with pytest.raises(Refused) as refused:
            say("declare_loaded")
        assert list(refused.value.codes) == ["nothing_loaded"]
        assert door() == "opt_outs_not_declared"

    def test_sends_once_they_are_loaded(self) -> None:
        stop()
        say("declare_loaded")
        assert door() == ""

    def test_may_find_some_after_it_said_none_but_not_the_other_way(self) -> None:
        say("declare_none")
        stop()
        say("declare_loaded")
        with pytest.raises(Refused):
            say("declare_none")

    @pytest.mark.parametrize("role", ["content", "cmo", "rep"])
    def test_takes_no_word_of_other_roles(self, role: str) -> None:
        (offer,) = offers(EarlierOptOuts.objects.get(), [ACTS["declare_none"]], UserFactory(role=role))
        assert [refusal.code for refusal in offer.refusals] == ["not_permitted"]


@pytest.mark.parametrize("purpose", [Purpose.DEMO, Purpose.TEST])
def test_one_that_writes_to_nobody_has_no_time_before(purpose: Purpose) -> None:
    armed(purpose)
    assert declaring.declared()


def test_a_database_without_a_mark_sends_nothing() -> None:
    assert not declaring.declared()
