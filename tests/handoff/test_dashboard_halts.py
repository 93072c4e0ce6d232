"""The first page says in red what stands still, and asks the second person to confirm a start."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from compliance import halts, host_stop
from compliance.acts import Consent
from compliance.models import Halt
from compliance.principals import SYSTEM
from handoff.dashboard import Waiting, waiting_for
from tests.cast import TUESDAY
from tests.desk import sign_in
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def stopped() -> Halt:
    return halts.place(halts.EVERYTHING, Halt.Kind.KILL_SWITCH, "Odd replies.", by=SYSTEM, at=TUESDAY)


def asked(by: User) -> Halt:
    return halts.ask_start(stopped(), by=by, at=TUESDAY, consent=Consent("Mended."))


def starts(by: User) -> list[Waiting]:
    return [one for one in waiting_for(by, TUESDAY) if one.title == "All sending"]


def test_a_halt_stands_in_red_at_the_top_for_everybody(client: Client) -> None:
    sign_in(client, "rep")
    assert "halted-title" not in client.get("/admin/").content.decode()
    stopped()
    shown = client.get("/admin/").content.decode()
    assert shown.index("halted-title") < shown.index("waiting-title")
    assert "Odd replies." in shown


def test_a_start_that_was_asked_for_waits_for_somebody_else() -> None:
    first = UserFactory(role="cro", email="mo@ours.example.com")
    asked(first)
    (one,) = starts(UserFactory(role="sales_ops"))
    assert one.can == ("Confirm: start again",)
    assert starts(first) == []


@pytest.mark.parametrize(
    "who", [{"role": "rep"}, {"role": "cro", "email": ""}, {"role": "cro", "email": "Mo+2@ours.example.com"}]
)
def test_it_does_not_wait_for_who_may_not_confirm_it(who: dict[str, str]) -> None:
    asked(UserFactory(role="cro", email="mo@ours.example.com"))
    assert starts(UserFactory(**who)) == []


def test_nobody_is_asked_to_start_what_nobody_wants_to_start() -> None:
    stopped()
    assert starts(UserFactory(role="cro")) == []


def test_a_host_that_is_stopped_says_so(client: Client) -> None:
    host_stop.place("Gone.", by="", at=TUESDAY)
    sign_in(client, "rep")
    assert "This host is stopped" in client.get("/admin/").content.decode()
