"""Whoever signs a list is told whose address imitates another one, stopped or not, and what was kept out."""

import html

import pytest
from django.test import Client

from sequences import imitating, seen, showing
from sequences.models import ImportRun, RecipientList
from tests.cast import TUESDAY
from tests.desk import act_url, sign_in
from tests.factories import ContactFactory, MailboxFactory, UserFactory, approved_sequence, submitted_list
from tests.sequences.campaign import opt_out

pytestmark = pytest.mark.django_db

PLAIN, ALPHA, UMLAUT = "bob@example.com", "bob@xn--exmple-cxc.com", "bob@xn--mller-kva.de"


def a_list(*texts: str) -> RecipientList:
    MailboxFactory()
    people = [ContactFactory(address=text) for text in texts]
    return submitted_list(TUESDAY, people, approved_sequence(TUESDAY, steps=1))


def found(row: RecipientList) -> list[tuple[str, str, bool]]:
    return [(one.row.contact.address, one.reading, one.stopped) for one in imitating.imitations(row)]


@pytest.mark.everywhere
class TestImitations:
    def test_are_told_although_nobody_is_stopped(self) -> None:
        assert found(a_list(PLAIN, ALPHA)) == [(ALPHA, PLAIN, False)]

    def test_of_somebody_stopped_since_are_told_so(self) -> None:
        row = a_list(ALPHA)
        opt_out(PLAIN)
        assert found(row) == [(ALPHA, PLAIN, True)]

    def test_are_not_those_with_an_umlaut_nor_those_stopped_themselves(self) -> None:
        row = a_list(UMLAUT, ALPHA)
        opt_out(ALPHA)
        opt_out("bob@muller.de")
        assert found(row) == []

    def test_are_not_those_taken_off_the_list(self) -> None:
        row = a_list(ALPHA)
        row.rows.update(removed_at=TUESDAY)
        assert found(row) == []


def file_loaded(row: RecipientList, *codes: str) -> None:
    findings = [{"row": 2, "verdict": "look_alike", "code": code, "field": "address"} for code in codes]
    told = {"recipient_list": row, "file_name": "a.csv", "findings": findings, "counts": {}, "by": row.author}
    ImportRun.objects.create(at=TUESDAY, **told)


def test_what_was_told_of_them_is_part_of_what_was_shown() -> None:
    row, by = a_list(PLAIN, ALPHA), UserFactory(role="cro")
    before = showing.recipients(row, by=by, at=TUESDAY)
    assert [one.reading for one in before.imitations] == [PLAIN]
    file_loaded(row, "looks_suppressed")
    shown = [seen.read(one.token) for one in (before, showing.recipients(row, by=by, at=TUESDAY))]
    assert len({one.shown for one in shown if one}) == 2


class TestThePageOfTheSignature:
    def test_warns_of_imitations(self, client: Client) -> None:
        row = a_list(PLAIN, ALPHA)
        sign_in(client, "cro")
        page = html.unescape(client.get(act_url(row, "sign")).content.decode())
        assert "Addresses with letters that imitate others" in page
        assert f"{ALPHA} reads as {PLAIN}" in page
        assert "may not be written to" not in page

    def test_says_who_is_refused_for_it(self, client: Client) -> None:
        row = a_list("ada@example.org", ALPHA)
        opt_out(PLAIN)
        sign_in(client, "cro")
        page = html.unescape(client.get(act_url(row, "sign")).content.decode())
        assert f"{ALPHA} reads as {PLAIN}, which may not be written to" in page
        assert "The address imitates one, or a domain, that must not be written to" in page

    def test_says_how_many_rows_were_kept_out(self, client: Client) -> None:
        row = a_list(PLAIN)
        file_loaded(row, "looks_suppressed", "look_alike")
        sign_in(client, "cro")
        assert imitating.kept_out(row) == 1
        assert "1 row of the files loaded imitates" in client.get(act_url(row, "sign")).content.decode()

    def test_says_nothing_where_there_is_nothing(self, client: Client) -> None:
        row = a_list(PLAIN, UMLAUT)
        sign_in(client, "cro")
        page = client.get(act_url(row, "sign")).content.decode()
        assert "imitate" not in page
