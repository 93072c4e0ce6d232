"""A web host that may hold opt-outs shuts the door; an orderly end or a person's word opens it again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from pytest_django.fixtures import Settings

from compliance import clock, heartbeats, hosts
from compliance.asking import Batch
from compliance.clearance import Rule
from compliance.heartbeats import Kind
from compliance.models import AuditEntry, Heartbeat
from compliance.refusals import Refused
from compliance.rules_standing import OptOutsAreIn, UnsubscribeWorks
from tests.cast import TUESDAY
from tests.compliance.asking import ask
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

MINUTE = timedelta(minutes=1)


def real() -> datetime:
    return clock.lease_clock()


def said(rule: Rule, **columns: Any) -> str:
    asks = [ask(**columns)]
    return rule.judge(asks[0], rule.load(Batch(asks), TUESDAY), TUESDAY).code


def seen(name: str, ago: timedelta) -> Heartbeat:
    heartbeats.beat(Kind.WEB_HOST, name, at=real() - ago)
    return Heartbeat.objects.get(name=name)


def wait_here() -> None:
    hosts.opt_outs().put({"token": "x"}, order=1)


# --- names --------------------------------------------------------------------------------------------------------


def test_a_host_keeps_its_name() -> None:
    assert hosts.this_host() == hosts.this_host()


def test_two_hosts_with_one_network_name_are_two(settings: Settings) -> None:
    first = hosts.this_host()
    settings.STATE_DIR = settings.STATE_DIR / "other"
    assert hosts.this_host() != first


# --- signs of life ------------------------------------------------------------------------------------------------


def test_a_host_says_that_nothing_waits() -> None:
    assert hosts.say_empty(at=real())
    assert list(heartbeats.owed(Kind.WEB_HOST)) == [hosts.this_host()]


def test_a_host_on_which_something_waits_says_nothing() -> None:
    wait_here()
    assert not hosts.say_empty(at=real())
    assert not Heartbeat.objects.exists()


def test_an_orderly_end_is_not_owed() -> None:
    hosts.say_empty(at=real())
    assert hosts.say_goodbye(at=real())
    assert heartbeats.owed(Kind.WEB_HOST) == {}


def test_nobody_says_goodbye_while_something_waits() -> None:
    hosts.say_empty(at=real())
    wait_here()
    assert not hosts.say_goodbye(at=real())
    assert list(heartbeats.owed(Kind.WEB_HOST)) == [hosts.this_host()]


def test_a_host_that_comes_back_is_owed_again() -> None:
    hosts.say_empty(at=real())
    hosts.say_goodbye(at=real())
    hosts.say_empty(at=real())
    assert list(heartbeats.owed(Kind.WEB_HOST)) == [hosts.this_host()]


def test_a_host_knows_without_the_database_whether_it_is_owed() -> None:
    assert not hosts.is_owed()
    hosts.say_empty(at=real())
    assert hosts.is_owed()
    wait_here()
    hosts.say_goodbye(at=real())
    assert hosts.is_owed()


def test_after_a_goodbye_it_knows_that_it_is_not_owed() -> None:
    hosts.say_empty(at=real())
    hosts.say_goodbye(at=real())
    assert not hosts.is_owed()


def test_a_sign_of_life_that_was_not_written_does_not_count() -> None:
    now = real()
    with connection.execute_wrapper(_gone), pytest.raises(OperationalError):
        hosts.say_empty(at=now)
    assert not hosts.is_owed()


def test_after_a_goodbye_that_nobody_heard_it_does_not_rely_on_being_owed() -> None:
    now = real()
    hosts.say_empty(at=now)
    with connection.execute_wrapper(_gone), pytest.raises(OperationalError):
        hosts.say_goodbye(at=now)
    assert not hosts.is_owed()


def _gone(*_given: Any) -> Any:
    raise OperationalError("gone")


# --- the door -----------------------------------------------------------------------------------------------------


def test_no_web_host_has_nothing_waiting() -> None:
    assert said(OptOutsAreIn()) == ""


@pytest.mark.parametrize(
    ("seconds", "code"), [(5, ""), (55, ""), (65, "opt_outs_may_wait"), (9999, "opt_outs_may_wait")]
)
def test_a_host_that_was_silent_for_a_minute_shuts_the_door(seconds: int, code: str) -> None:
    seen("alive", timedelta(0))
    seen("other", timedelta(seconds=seconds))
    assert said(OptOutsAreIn()) == code


def test_what_waits_on_this_very_host_shuts_the_door_at_once() -> None:
    hosts.say_empty(at=real())
    wait_here()
    assert said(OptOutsAreIn()) == "opt_outs_may_wait"


def test_what_nobody_could_read_shuts_the_door_as_well() -> None:
    wait_here()
    ((path, _told),) = hosts.opt_outs().waiting()
    hosts.opt_outs().set_aside(path)
    assert said(OptOutsAreIn()) == "opt_outs_may_wait"


def test_a_retired_host_is_not_waited_for() -> None:
    seen("gone", 2 * MINUTE)
    heartbeats.retire(Kind.WEB_HOST, "gone", at=real())
    assert said(OptOutsAreIn()) == ""


def test_before_anything_is_planned_the_question_does_not_arise() -> None:
    seen("gone", 2 * MINUTE)
    assert said(OptOutsAreIn(), step=None) == ""


@pytest.mark.postgres
def test_a_database_that_has_just_come_back_asks_every_host_anew() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()")
        (began,) = cursor.fetchone()
    heartbeats.beat(Kind.WEB_HOST, "before", at=began - timedelta(seconds=1))
    heartbeats.beat(Kind.WEB_HOST, "since", at=began + timedelta(seconds=1))
    assert hosts.overdue(began + timedelta(seconds=10)) == ["before"]


@pytest.mark.parametrize(
    ("ago", "leaves", "code"),
    [
        (1, True, ""),
        (14, True, ""),
        (16, True, "unsubscribe_link_broken"),
        (None, True, "unsubscribe_link_broken"),
        (None, False, ""),
    ],
)
def test_what_leaves_the_machine_needs_a_link_that_worked_lately(ago: int | None, leaves: bool, code: str) -> None:
    if ago is not None:
        heartbeats.beat(Kind.CANARY, heartbeats.LINK, at=real() - ago * MINUTE)
    assert said(UnsubscribeWorks(), leaves_machine=leaves) == code


def test_that_a_trial_arrived_is_not_that_the_link_works() -> None:
    heartbeats.beat(Kind.CANARY, heartbeats.ARRIVED, at=real())
    assert said(UnsubscribeWorks(), leaves_machine=True) == "unsubscribe_link_broken"


# --- gone for good ------------------------------------------------------------------------------------------------


def refused(row: Heartbeat, role: str = "legal", reason: str = "The machine was sold.") -> set[str]:
    with pytest.raises(Refused) as caught:
        hosts.retire(row, by=UserFactory(role=role), at=TUESDAY, now=real(), reason=reason)
    return {refusal.code for refusal in caught.value.refusals}


def test_a_person_declares_a_silent_host_gone_and_says_why() -> None:
    row = seen("gone", 2 * MINUTE)
    hosts.retire(row, by=UserFactory(role="legal"), at=TUESDAY, now=real(), reason="The machine was sold.")
    assert heartbeats.owed(Kind.WEB_HOST) == {}
    entry = AuditEntry.objects.get(verb="heartbeat.retired")
    assert (entry.reason, entry.subject) == ("The machine was sold.", f"compliance.heartbeat:{row.pk}")


def test_a_host_is_not_declared_gone_without_a_reason_or_the_right() -> None:
    assert refused(seen("gone", 2 * MINUTE), role="content", reason=" ") == {"not_permitted", "comment_missing"}


def test_a_host_that_is_alive_is_not_declared_gone() -> None:
    assert refused(seen("alive", timedelta(0))) == {"still_alive"}


def test_a_host_on_which_opt_outs_wait_is_not_declared_gone() -> None:
    row = seen(hosts.this_host(), 2 * MINUTE)
    wait_here()
    assert refused(row) == {"spool_not_empty"}


def test_only_a_web_host_can_be_declared_gone() -> None:
    heartbeats.beat(Kind.CANARY, heartbeats.LINK, at=real() - 2 * MINUTE)
    assert refused(Heartbeat.objects.get()) == {"not_owed"}
