"""The pen: what an entry says, and that it says the same after the database has kept it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from compliance import audit
from compliance.audit import Note
from compliance.models import AuditEntry, SuppressionReason
from compliance.principals import SYSTEM
from tests.cast import TUESDAY
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
QUICK = effort(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
leaves = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
values = st.recursive(
    leaves | texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)


def record(**data: Any) -> AuditEntry:
    audit.record("thing.done", "app.thing:1", by=SYSTEM, at=TUESDAY, **data)
    return AuditEntry.objects.order_by("-pk")[0]


def test_an_entry_says_who_did_what_to_what_when_and_why() -> None:
    user = UserFactory()
    audit.record("thing.done", "app.thing:1", by=user, at=TUESDAY, reason="because", count=2)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.verb, entry.subject) == (f"user:{user.pk}", "thing.done", "app.thing:1")
    assert (entry.at, entry.reason, entry.data) == (TUESDAY, "because", {"count": 2})


def test_the_installation_itself_is_called_system() -> None:
    assert record().actor == "system"


def test_a_row_is_named_by_model_and_key() -> None:
    user = UserFactory()
    assert audit.reference(user) == f"auth.user:{user.pk}"


def test_many_notes_are_written_in_one_statement(django_assert_num_queries: Any) -> None:
    notes = [Note("thing.done", f"app.thing:{number}") for number in range(100)]
    with django_assert_num_queries(1):
        audit.record_all(notes, by=SYSTEM, at=TUESDAY)
    assert AuditEntry.objects.count() == 100


def test_no_notes_are_no_entries() -> None:
    audit.record_all([], by=SYSTEM, at=TUESDAY)
    assert not AuditEntry.objects.exists()


@QUICK
@given(values)
def test_an_entry_has_the_same_digest_after_the_database_kept_it(value: object) -> None:
    entry = record(value=value)
    assert audit.digest_of(entry) == entry.digest


@pytest.mark.parametrize("number", [1e20, -0.0, 48.0, 1.5, 1e-7, 1e300, 2**80])
def test_a_number_is_kept_by_value(number: float) -> None:
    entry = record(number=number)
    assert entry.data["number"] == number
    assert audit.digest_of(entry) == entry.digest


def test_moments_ids_and_codes_are_kept_as_text() -> None:
    data = {"since": TUESDAY, "id": UUID(int=1), "code": SuppressionReason.MAILTO, "price": Decimal("1.10")}
    assert record(**data).data == {
        "since": "2026-11-17 10:00:00+00:00",
        "id": "00000000-0000-0000-0000-000000000001",
        "code": "mailto",
        "price": "1.10",
    }


@pytest.mark.parametrize("changed", ["actor", "verb", "subject", "reason"])
def test_every_word_counts_for_the_digest(changed: str) -> None:
    entry = record()
    setattr(entry, changed, "something else")
    assert audit.digest_of(entry) != entry.digest


def test_moment_and_details_count_for_the_digest() -> None:
    entry = record(count=1)
    entry.at += timedelta(microseconds=1)
    assert audit.digest_of(entry) != entry.digest
    entry.at, entry.data = TUESDAY, {"count": 2}
    assert audit.digest_of(entry) != entry.digest


def test_the_same_moment_told_in_another_zone_is_the_same_moment() -> None:
    entry = record()
    entry.at = TUESDAY.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert audit.digest_of(entry) == entry.digest


def test_a_digest_does_not_depend_on_the_order_of_details() -> None:
    assert record(a=1, b=2).digest == record(b=2, a=1).digest


def test_a_long_reason_is_cut_and_a_nul_is_dropped() -> None:
    audit.record("thing.done", "app.thing:1", by=SYSTEM, at=TUESDAY, reason="a\0b" + "c" * 600)
    entry = AuditEntry.objects.get()
    assert entry.reason == "ab" + "c" * 498
    assert audit.digest_of(entry) == entry.digest


def test_words_of_every_language_are_kept() -> None:
    audit.record("thing.done", "app.thing:1", by=SYSTEM, at=TUESDAY, reason="Łódź 日本 \u202e 😀")
    entry = AuditEntry.objects.get()
    assert audit.digest_of(entry) == entry.digest


def test_who_had_a_hand_in_something_can_be_asked() -> None:
    user = UserFactory()
    audit.record("thing.edited", "app.thing:1", by=user, at=TUESDAY)
    audit.record("thing.edited", "app.thing:2", by=SYSTEM, at=TUESDAY)
    audit.record("thing.read", "app.thing:1", by=SYSTEM, at=TUESDAY)
    assert audit.actors("app.thing:1", ["thing.edited", "thing.created"]) == {f"user:{user.pk}"}


def test_verbs_are_counted_by_prefix() -> None:
    for verb in ("lead.qualify", "lead.qualify", "lead.accept", "list.sign"):
        audit.record(verb, "app.thing:1", by=SYSTEM, at=datetime(2026, 1, 1, tzinfo=UTC))
    assert audit.count_by_verb("lead.") == {"lead.qualify": 2, "lead.accept": 1}
