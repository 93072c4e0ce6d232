"""Rows written by a statement made once: the same rows as the ORM writes, with their keys, or none."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Model

from compliance import inserting
from compliance.models import AuditEntry, Suppression, SuppressionDigest
from tests.cast import TUESDAY
from tests.factories import card_of

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
ODD = {"note": 'quo"te %s \\ \n ☃', "numbers": [1, 2.5, None, True]}


def stop(order: int = 1, **columns: Any) -> Suppression:
    told = {"person": uuid4(), "reason": "one_click", "strength": 60, "recorded_by": "system", "evidence": ODD}
    return Suppression(order_no=order, at=TUESDAY, **told | columns)


def entry(number: int) -> AuditEntry:
    return AuditEntry(
        at=TUESDAY, actor="system", verb="tried", subject=f"row:{number}", data=ODD, digest=f"{number:064}"
    )


def said(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("row", [stop(), stop(person=None, source="%s; --", evidence={}), entry(1)])
def test_what_is_read_back_is_what_was_said(row: Model) -> None:
    inserting.insert([row])
    assert row.pk
    assert said(type(row)._default_manager.get()) == said(row)


@pytest.mark.parametrize("count", [0, 1, 2, 20, 21, 500])
def test_each_row_gets_its_own_key(count: int) -> None:
    rows = [entry(number) for number in range(count)]
    inserting.insert(rows)
    assert {row.pk: row.digest for row in rows} == dict(AuditEntry.objects.values_list("pk", "digest"))


@pytest.mark.parametrize("count", [1, 3, 100])
def test_so_many_rows_take_one_statement(count: int, django_assert_num_queries: Any) -> None:
    rows = [entry(number) for number in range(count)]
    with django_assert_num_queries(1):
        inserting.insert(rows)


def test_a_row_that_refers_to_another_can_be_written_after_it() -> None:
    row = stop()
    inserting.insert([row])
    inserting.insert([SuppressionDigest(suppression=row, digest=card_of("ada@pumps.example.com").digest)])
    assert row.digests.count() == 1


def test_a_row_that_was_inserted_can_be_saved() -> None:
    row = stop()
    inserting.insert([row])
    row.taken_at = TUESDAY
    row.save(update_fields=["taken_at"])
    assert Suppression.objects.get().taken_at == TUESDAY


def test_what_the_database_refuses_is_refused_whole() -> None:
    inserting.insert([entry(1)])
    with pytest.raises(IntegrityError), transaction.atomic():
        inserting.insert([stop(1), stop(1)])
    assert not Suppression.objects.exists()
