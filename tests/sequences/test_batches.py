"""What several rules need of a batch is read once, however many of them ask and however many people it has."""

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance import clearance
from sequences import asks
from sequences.models import Enrollment
from tests.cast import TUESDAY
from tests.factories import playbook_loaded
from tests.sequences.campaign import PLENTY, under_way

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def asked(people: int) -> Counter[str]:
    """How often the database was asked about each table while the door judged so many people."""
    rows = Enrollment.objects.select_related(
        "contact__account", "contact__card", "version__sequence", "row__recipient_list", "mailbox"
    )
    batch = [asks.for_step(row) for row in rows.order_by("pk")[:people]]
    with CaptureQueriesContext(connection) as queries:
        rulings = clearance.preview(batch, TUESDAY)
    assert [ruling.code for ruling in rulings] == [""] * people
    return Counter(query["sql"].partition('FROM "')[2].partition('"')[0] for query in queries)


def test_passages_versions_texts_and_signatures_are_read_once_for_all_rules() -> None:
    playbook_loaded(caps=PLENTY)
    under_way(people=3, steps=2)
    read = asked(3)
    assert {name: read[name] for name in _SHARED} == dict.fromkeys(_SHARED, 1)


def test_a_large_batch_asks_no_more_than_a_small_one() -> None:
    playbook_loaded(caps=PLENTY)
    under_way(people=12)
    assert asked(12) == asked(2)


_SHARED = (
    *("sequences_enrollment", "sequences_sequenceversion", "sequences_step", "sequences_signature"),
    *("auth_user", "auth_permission"),
)
