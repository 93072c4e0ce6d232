"""Acts: what is offered to whom, every reason against the rest, and that a closed one is not performed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import models

from compliance.acts import Act, Asked, Consent, Field, Offer, offers, perform
from compliance.models import Installation
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refusal, Refused
from compliance.transitions import move
from sequences.models import Mailbox
from tests.cast import TUESDAY
from tests.factories import MailboxFactory, UserFactory, armed

pytestmark = pytest.mark.django_db
SAID = Consent(comment="too many complaints")


def do(arrow: str) -> Any:
    def pull(row: models.Model, *, by: Principal, at: datetime, consent: Consent) -> models.Model:
        (moved,) = move(row, arrow, by=by, at=at, reason=consent.comment)
        return moved

    return pull


def tuesday_is_closed(row: Any, by: Principal) -> list[Refusal]:
    return [Refusal("closed", "Not on Tuesdays."), Refusal("raining", "It rains.", where="weather")]


STOP = Act("disarm", do("disarm"), comment_required=True, danger=True)
START = Act("start", do("start"), tuesday_is_closed)


def codes(offer: Offer) -> list[str]:
    return [refusal.code for refusal in offer.refusals]


def boss() -> Any:
    return UserFactory(is_superuser=True)


def test_an_open_act_is_offered_under_the_name_of_its_arrow() -> None:
    (stop,) = offers(armed(), [STOP], boss())
    assert (stop.label, stop.open) == ("Disarm", True)


def test_a_wrong_state_is_the_only_reason_that_is_told() -> None:
    (start,) = offers(MailboxFactory(), [START], boss())
    assert codes(start) == ["wrong_state"]
    assert "active" in str(start.refusals[0].text)


def test_every_other_reason_is_told_at_once() -> None:
    (start,) = offers(MailboxFactory(state=Mailbox.State.STOPPED), [START], UserFactory())
    assert codes(start) == ["not_permitted", "closed", "raining"]


def test_the_system_is_offered_what_it_may_do() -> None:
    assert [offer.open for offer in offers(armed(), [STOP], SYSTEM)] == [True]


def test_an_open_act_is_performed_with_what_was_said() -> None:
    row = perform(armed(), STOP, by=boss(), at=TUESDAY, consent=SAID)
    assert getattr(row, "state", "") == Installation.State.DISARMED


@pytest.mark.parametrize("comment", ["", "  \n"])
def test_a_comment_that_is_asked_for_must_say_something(comment: str) -> None:
    with pytest.raises(Refused) as refused:
        perform(armed(), STOP, by=boss(), at=TUESDAY, consent=Consent(comment))
    assert refused.value.codes == ("comment_missing",)


def test_a_closed_act_is_not_performed_and_says_every_reason() -> None:
    with pytest.raises(Refused) as refused:
        perform(armed(), STOP, by=UserFactory(), at=TUESDAY, consent=Consent())
    assert refused.value.codes == ("not_permitted", "comment_missing")
    assert Installation.objects.get().state == Installation.State.ARMED


def test_a_refusal_names_the_place_it_speaks_of() -> None:
    assert str(Refused(tuesday_is_closed(None, SYSTEM))) == "Not on Tuesdays.; weather: It rains."


def test_a_reason_of_the_moment_closes_an_act_at_that_moment_only() -> None:
    def not_yet(row: Any, at: datetime) -> list[Refusal]:
        return [Refusal("too_early", "Not before Tuesday.")] if at < TUESDAY else []

    act = Act("start", do("start"), due=not_yet, comment_required=True)
    row = MailboxFactory(state=Mailbox.State.STOPPED)
    early = TUESDAY - timedelta(seconds=1)
    assert [codes(offers(row, [act], boss(), at)[0]) for at in (early, TUESDAY)] == [["too_early"], []]
    with pytest.raises(Refused):
        perform(row, act, by=boss(), at=early, consent=SAID)
    assert perform(row, act, by=boss(), at=TUESDAY, consent=SAID).state == Mailbox.State.ACTIVE  # type: ignore[attr-defined]


ASKED = (
    Field("why", "Why", asked=Asked.CHOICE, choices=lambda: [("timing", "Not now"), ("price", "Too dear")]),
    Field("when", "When", asked=Asked.MOMENT),
    Field("back", "Back on", asked=Asked.DATE, required=False),
)
ASKING = Act("start", do("start"), fields=ASKED)
FILLED = {"why": "price", "when": "2026-12-24T10:30", "back": "2027-01-07"}


def stopped() -> Mailbox:
    return MailboxFactory(state=Mailbox.State.STOPPED)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"why": ""}, "field_missing"),
        ({"why": "weather"}, "unknown_choice"),
        ({"when": "soon"}, "no_moment"),
        ({"when": "2026-13-45T10:30"}, "no_moment"),
        ({"back": "tomorrow"}, "no_date"),
        ({"back": "2026-02-30"}, "no_date"),
    ],
)
def test_what_an_act_asks_for_is_read_as_what_it_is(said: dict[str, str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        perform(stopped(), ASKING, by=boss(), at=TUESDAY, consent=Consent(more={**FILLED, **said}))
    assert code in refused.value.codes


def test_what_need_not_be_filled_in_may_be_left_out() -> None:
    said = Consent(more={**FILLED, "back": ""})
    assert perform(stopped(), ASKING, by=boss(), at=TUESDAY, consent=said).state == Mailbox.State.ACTIVE  # type: ignore[attr-defined]


def test_moments_and_days_are_handed_on_as_such() -> None:
    said = Consent(more=FILLED)
    assert said.moment("when") == datetime(2026, 12, 24, 10, 30, tzinfo=UTC)
    assert said.date("back") == date(2027, 1, 7)
