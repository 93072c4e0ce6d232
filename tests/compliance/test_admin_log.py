"""The audit log as people read it: changes first, looks and refusals a click away, the search by subject intact."""

import pytest
from django.test import Client

from compliance import audit
from compliance.models import AuditEntry
from compliance.principals import SYSTEM
from compliance.sealer import seal_round
from tests.cast import TUESDAY
from tests.desk import open_row, page, sign_in
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db
LOG = page(AuditEntry, "changelist")
VERBS = ("suppression.recorded", "access.denied", "access.sign_in_failed", "access.signed_in", "personal.viewed")


@pytest.fixture(autouse=True)
def _one_of_each(client: Client) -> None:
    for number, verb in enumerate(VERBS):
        audit.record(verb, f"sequences.contact:{number}", by=SYSTEM, at=TUESDAY)
    sign_in(client, "legal")


def verbs(client: Client, **query: str) -> set[str]:
    answer = client.get(LOG, query)
    assert answer.status_code == 200
    return {row.verb for row in answer.context["cl"].result_list}


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("changes", {"suppression.recorded"}),
        ("refused", {"access.denied", "access.sign_in_failed"}),
        ("signed", {"access.signed_in"}),
        ("looks", {"personal.viewed"}),
        ("all", set(VERBS)),
        ("nonsense", {"suppression.recorded"}),
    ],
)
def test_each_kind_of_entry_has_a_view_of_its_own(client: Client, kind: str, shown: set[str]) -> None:
    assert verbs(client, kind=kind) == shown


def test_looks_do_not_bury_changes(client: Client) -> None:
    assert verbs(client) == {"suppression.recorded"}


def test_the_kind_that_is_shown_is_marked(client: Client) -> None:
    rows = client.get(LOG).context["cl"]
    marked = [choice["display"] for choice in rows.filter_specs[0].choices(rows) if choice["selected"]]
    assert [str(one) for one in marked] == ["Changes"]


def test_what_has_no_seal_yet_is_found_by_its_flag(client: Client) -> None:
    assert verbs(client, sealed="no") == {"suppression.recorded"}
    seal_round(TUESDAY)
    assert verbs(client, sealed="no") == set()
    assert verbs(client, sealed="yes") == {"suppression.recorded"}


def test_who_looked_stands_in_the_log_and_not_in_the_history_of_the_row(client: Client) -> None:
    contact = ContactFactory()
    open_row(client, contact)
    assert "Personal data viewed" not in open_row(client, contact)
    assert verbs(client, kind="looks", q=audit.reference(contact)) == {"personal.viewed"}


def test_a_list_is_said_by_what_it_lists(client: Client) -> None:
    audit.record("personal.listed", "sequences.contact", by=SYSTEM, at=TUESDAY, rows=3)
    shown = client.get(LOG, {"kind": "looks"}).content.decode()
    assert "Contacts" in shown
    assert "Personal data listed" in shown


def test_the_kinds_are_in_sight_above_the_list(client: Client) -> None:
    shown = client.get(LOG, {"kind": "refused"}).content.decode()
    assert 'aria-current="true">Refused, and failed sign-ins</a>' in shown
    assert 'href="?kind=looks"' in shown


def test_a_look_and_a_refusal_say_in_short_what_was_done(client: Client) -> None:
    audit.record("personal.listed", "sequences.contact", by=SYSTEM, at=TUESDAY, rows=1, search="ab" * 16)
    audit.record("access.denied", "sequences.contact:1", by=SYSTEM, at=TUESDAY, act="approve_messaging")
    shown = client.get(LOG, {"kind": "all"}).content.decode()
    assert "1 row, searched for" in shown
    assert "tried “approve messaging”" in shown


def test_a_failed_sign_in_is_nobodys_and_not_the_installations(client: Client) -> None:
    shown = client.get(LOG, {"kind": "refused"}).content.decode()
    assert "Somebody not signed in" in shown
