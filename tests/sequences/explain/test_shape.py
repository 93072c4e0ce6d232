"""An explanation has the keys that docs/explain.md tells, and becomes JSON and back."""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, get_args, get_type_hints, is_typeddict

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance import halts, suppression
from compliance.addresses import parse
from compliance.models import Halt, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from sequences import explain
from sequences.explain import shape
from sequences.models import Contact, Enrollment, OutboundMessage
from tests.cast import TUESDAY
from tests.factories import ContactFactory, approved_sequence, running_list, submitted_list
from tests.house.sources import ROOT
from tests.sequences.campaign import play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

SHAPES = [one for _name, one in inspect.getmembers(shape) if is_typeddict(one)]


@pytest.mark.parametrize("one", SHAPES, ids=lambda one: one.__name__)
def test_every_key_is_told_in_the_documentation(one: type) -> None:
    named = set(re.findall(r"`(?:messages\[\]\.)?(\w+)`", (ROOT / "docs/explain.md").read_text(encoding="utf-8")))
    assert set(get_type_hints(one)) - named == set()


def differing(told: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """Where an explanation has other keys than its shape."""
    kinds = [wanted, *get_args(wanted)]
    shaped = next((kind for kind in kinds if is_typeddict(kind)), None)
    if isinstance(told, list):
        for one in told:
            yield from differing(one, get_args(wanted)[0], f"{path}[]")
    elif shaped and isinstance(told, Mapping):
        hints = get_type_hints(shaped)
        if set(hints) != set(told):
            yield f"{path}: {set(hints) ^ set(told)}"
        for key in set(hints) & set(told):
            yield from differing(told[key], hints[key], f"{path}.{key}")


def full() -> Contact:
    """Somebody of whom there is something to tell under nearly every key."""
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()
    ada = Contact.objects.select_related("card").get()
    running_list(TUESDAY, [ada])
    suppression.stop_domain("example.com", Stop(SuppressionReason.BY_HAND), by=SYSTEM, at=TUESDAY)
    return ada


def test_what_is_told_has_exactly_these_keys() -> None:
    found = explain.of_contact(full(), at=TUESDAY)
    assert list(differing(found, shape.Explanation)) == []


def test_it_is_plain_data() -> None:
    found = explain.of_contact(full(), at=TUESDAY)
    told = json.loads(json.dumps(found, default=lambda moment: moment.isoformat()))
    assert told["messages"][0]["attempts"][0]["at"] == TUESDAY.isoformat()


def queries(contact: Contact, at: datetime, before: int | None = None) -> int:
    with CaptureQueriesContext(connection) as asked:
        explain.of_contact(contact, at=at, before=before)
    return len(asked)


def test_more_messages_take_no_more_queries() -> None:
    with ScriptedServer() as server:
        under_way(server.port, steps=6)
        for day in (0, 15, 29):
            at = TUESDAY + timedelta(days=day)
            Enrollment.objects.update(due_at=at)
            play(at)
    ada, second = Contact.objects.select_related("card").get(), OutboundMessage.objects.order_by("pk")[1]
    assert [len(explain.of_contact(ada, at=at, before=one)["messages"]) for one in (None, second.pk)] == [3, 1]
    assert queries(ada, at) == queries(ada, at, before=second.pk)


def test_more_lists_and_stops_take_no_more_queries() -> None:
    ada, version = ContactFactory(), approved_sequence(TUESDAY)
    submitted_list(TUESDAY, [ada], version)
    suppression.stop_address(parse(ada.address), Stop(SuppressionReason.BY_PHONE), by=SYSTEM, at=TUESDAY)
    few = queries(ada, TUESDAY)
    for reason in (SuppressionReason.ONE_CLICK, SuppressionReason.REPLIED):
        submitted_list(TUESDAY, [ada], version)
        suppression.stop_address(parse(ada.address), Stop(reason), by=SYSTEM, at=TUESDAY)
    assert queries(ada, TUESDAY) == few


@pytest.mark.parametrize("halted", [False, True])
def test_a_person_under_way_takes_a_number_of_queries_that_is_known(halted: bool) -> None:
    ada = full()
    if halted:
        halts.place(halts.EVERYTHING, Halt.Kind.KILL_SWITCH, "Look", by=SYSTEM, at=TUESDAY)
    assert queries(ada, TUESDAY) <= 200


class TestOlderMessages:
    @pytest.fixture(autouse=True)
    def _two_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sequences.explain.went.SHOWN", 1)

    def test_what_is_older_is_counted_and_found(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port, steps=2)
            play()
            later = TUESDAY + timedelta(days=15)
            Enrollment.objects.update(due_at=later)
            play(later)
        ada = Contact.objects.select_related("card").get()
        newest = explain.of_contact(ada, at=later)
        assert [one["step"] for one in newest["messages"]] == [2]
        assert newest["older"] is not None
        assert newest["older"]["count"] == 1
        older = explain.of_contact(ada, at=later, before=newest["older"]["before"])
        assert ([one["step"] for one in older["messages"]], older["older"]) == ([1], None)
