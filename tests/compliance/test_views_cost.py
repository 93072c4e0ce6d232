"""What one opt-out may cost the database: so many statements, or 200 of them a second are too many for one machine."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from compliance import journal, tokens
from compliance.models import Suppression
from compliance.tokens import Purpose
from tests.compliance.asking import ADA
from tests.compliance.test_views import ONE_CLICK
from tests.factories import armed, card_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

# On PostgreSQL the moment is asked of it; SQLite is told before and after how long to wait.
EDGES = {"postgresql": ["SELECT"], "sqlite": ["PRAGMA", "PRAGMA"]}
# Whom, found and locked; what they are found by; the number; the stop, its digests, the entry.
WRITES = ["BEGIN", "SELECT", "SELECT", "NUMBER", "INSERT", "INSERT", "INSERT", "COMMIT"]
# Whose journal it is.
JOURNAL = ["SELECT"]


@pytest.fixture
def statements(django_assert_max_num_queries: Any) -> list[str]:
    """What one opt-out asked of the database, on a host that keeps its journal."""
    armed()
    token = tokens.make(Purpose.UNSUBSCRIBE, message=4711, digest=card_of(ADA).digest)
    with django_assert_max_num_queries(50) as done:
        answer = Client().post(f"/u/{token}", ONE_CLICK, "application/x-www-form-urlencoded")
    assert answer.status_code == 200
    return [query["sql"].split()[0] for query in done.captured_queries]


def test_a_first_opt_out_asks_and_writes_nothing_twice(statements: list[str]) -> None:
    assert Suppression.objects.count() == len(list(journal.records("stop"))) == 1
    edges = EDGES[connection.vendor]
    number = "SELECT" if connection.vendor == "postgresql" else "UPDATE"
    writes = [number if statement == "NUMBER" else statement for statement in WRITES]
    assert statements == [edges[0], *writes, *JOURNAL, *edges[1:]]
