"""The story is read from the top: who, what stands against it, what happened in its order, what comes next."""

from datetime import timedelta

import pytest
from django.conf import settings

from compliance import halts
from compliance.acts import Consent
from compliance.models import Halt
from compliance.principals import SYSTEM
from sequences import enrollment, erasing, explain, planner
from sequences.explain import story
from sequences.models import Contact, Enrollment
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory, playbook_loaded, submitted_list
from tests.sequences.campaign import opt_out, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
RULES = len(settings.CLEARANCE_RULES)


def read(*, every_rule: bool = False) -> dict[str, list[str]]:
    """{chapter: its lines}, an hour later."""
    ada = Contact.objects.select_related("card").order_by("pk")[0]
    chapters = story.told(explain.of_contact(ada, at=TUESDAY + HOUR), every_rule=every_rule)
    return {chapter.title: [line.text for line in chapter.lines] for chapter in chapters}


@pytest.fixture
def _sent() -> None:
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()


@pytest.mark.usefixtures("_sent")
def test_it_begins_with_who_they_are() -> None:
    ada = Contact.objects.get()
    assert read()["Who"] == [f"{ada.first_name} {ada.last_name} <{ada.address}>, {ada.account}"]


@pytest.mark.usefixtures("_sent")
def test_what_happened_is_told_in_its_order() -> None:
    lines = read()["What happened"]
    begun = ("Entered Sequence", "Step 1 planned: Text", "signed: messaging (CMO)", "Step 1, try 1: may go")
    assert [line.startswith(start) for line, start in zip(lines, begun, strict=False)] == [True] * 4
    assert lines[4:] == [f"{RULES} rules agreed", "The server took it – 250 2.0.0 queued as 4711"]


@pytest.mark.usefixtures("_sent")
def test_every_rule_is_told_to_whoever_asks() -> None:
    told = read(every_rule=True)["What happened"]
    assert "Not too much mail to one person: may go (bound playbook, hours 48, limit 1, used 0)" in told
    assert f"{RULES} rules agreed" not in told


@pytest.mark.usefixtures("_sent")
def test_moments_rise() -> None:
    found = explain.of_contact(Contact.objects.get(), at=TUESDAY + HOUR)
    moments = [line.at for chapter in story.told(found) if chapter.title == "What happened" for line in chapter.lines]
    known = [at for at in moments if at]
    assert known == sorted(known)


@pytest.mark.usefixtures("_sent")
def test_what_comes_next_says_when_and_what_is_against_it_now() -> None:
    due, earliest, against, agreed = read()["What comes next"]
    assert (due[:13], earliest[:10], agreed) == ("Step 2 is due", "It goes on", f"{RULES - 1} rules agreed")
    assert against.startswith("Not too much mail to one person: not yet, The person was written to recently, until")


@pytest.mark.usefixtures("_sent")
def test_what_stands_still_is_told_before_and_waited_for_after() -> None:
    halts.place(halts.EVERYTHING, Halt.Kind.KILL_SWITCH, "Look at the list", by=SYSTEM, at=TUESDAY)
    told = read()
    assert told["What stands against writing to them"] == ["Stands still: All sending (Look at the list)"]
    assert told["What comes next"][1].startswith("It waits for the end of this: Somebody stopped it")


def test_a_refusal_says_which_rule_and_what_it_looked_at() -> None:
    under_way()
    opt_out(Contact.objects.get().address)
    planner.plan_round(TUESDAY)
    told = read()
    assert told["What stands against writing to them"] == ["Stop: one-click unsubscribe"]
    why, ended = told["What happened"][-2:]
    assert why.startswith("No stop holds: no, The person must not be written to (")
    assert ended.endswith("version 1, ended: The person opted out")


def test_who_did_it_and_why_is_told() -> None:
    under_way()
    planner.plan_round(TUESDAY)
    maren = UserFactory(role="sales_ops", first_name="Maren", last_name="Lindahl")
    enrollment.remove(Enrollment.objects.get(), by=maren, at=TUESDAY, consent=Consent("She called"))
    assert "Step 1: Cancelled (Handoff itself, Taken out of the sequence by hand)" in read()["What happened"]


def test_who_is_on_no_list_hears_so() -> None:
    playbook_loaded()
    ContactFactory()
    assert read()["What comes next"] == ["Nothing: they are on no list"]


def test_a_list_that_waits_is_named() -> None:
    row = submitted_list(TUESDAY, [ContactFactory()])
    told = read()["What comes next"]
    assert f"On the list {row.name} for {row.sequence_version}: The list waits for the CRO's signature" in told


@pytest.mark.usefixtures("_sent")
def test_of_somebody_erased_no_name_is_told() -> None:
    ada = Contact.objects.get()
    erasing.erase(ada, by=UserFactory(role="legal"), at=TUESDAY, consent=Consent("She asked"))
    told = str(read())
    assert ada.last_name not in told
    assert "Erased on 2026-11-17" in told
