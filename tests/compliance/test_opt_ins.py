"""The person's own wish to be written to: who records it, what is kept of it, and that it lifts nothing by itself."""

from typing import Any

import pytest

from compliance import lifting, subjects
from compliance.addresses import parse
from compliance.models import AuditEntry, OptIn
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refused
from tests.cast import TUESDAY
from tests.compliance.asking import ADA, opted_in, stop, stopped
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def refused(*said: Any, by: Principal) -> set[str]:
    with pytest.raises(Refused) as told:
        lifting.record_opt_in(*said, by=by, at=TUESDAY)
    return set(told.value.codes)


def test_an_opt_in_says_how_it_came_and_where_the_proof_is() -> None:
    row = opted_in()
    assert (row.way, row.source, row.at) == (OptIn.Way.FORM, "case 7", TUESDAY)
    assert lifting.wording_of(row) == "Yes, write to me"


def test_an_opt_in_keeps_neither_address_nor_words_in_the_open() -> None:
    opted_in("ada.lovelace@pumps.example.com")
    kept = str([*OptIn.objects.values(), *AuditEntry.objects.values()])
    assert "lovelace" not in kept
    assert "Yes, write to me" not in kept


def test_an_opt_in_cannot_be_read_once_the_person_is_erased() -> None:
    row = opted_in()
    subjects.destroy(row.person)
    assert lifting.wording_of(row) is None


def test_an_opt_in_lifts_nothing_by_itself() -> None:
    stop()
    opted_in()
    assert stopped(ADA)


@pytest.mark.parametrize(
    ("wording", "source", "code"),
    [
        (" ", "case 7", "wording_missing"),
        ("Yes", " ", "source_missing"),
        ("ü" * 1001, "case 7", "wording_too_long"),
    ],
)
def test_an_opt_in_without_its_proof_is_refused(wording: str, source: str, code: str) -> None:
    by = UserFactory(role="legal")
    said = (parse(ADA), OptIn.Way.WRITTEN, wording, source)
    assert refused(*said, by=by) == {code}


def test_an_opt_in_of_the_greatest_length_fits_sealed() -> None:
    said = (parse(ADA), OptIn.Way.WRITTEN, "ü" * 1000, "case 7")
    row = lifting.record_opt_in(*said, by=UserFactory(role="legal"), at=TUESDAY)
    assert len(row.wording) <= 4000


@pytest.mark.parametrize("role", ["rep", "content", "cmo", "chief_of_staff"])
def test_an_opt_in_is_not_recorded_by_everybody(role: str) -> None:
    said = (parse(ADA), OptIn.Way.FORM, "Yes", "case 7")
    assert refused(*said, by=UserFactory(role=role)) == {"not_permitted"}


def test_an_opt_in_is_not_recorded_by_the_system() -> None:
    said = (parse(ADA), OptIn.Way.FORM, "Yes", "case 7")
    assert refused(*said, by=SYSTEM) == {"not_permitted"}
