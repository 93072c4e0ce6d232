"""Working time is typed as lines; a fault is said with the line it stands in, and nothing that was typed is lost."""

import html
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from compliance.models import AuditEntry
from handoff import clocks
from handoff.admin.owners import as_lines, as_row
from handoff.models import Owner
from handoff.models.owners import office_hours
from tests.desk import open_row, page, save_row, sign_in
from tests.factories import UserFactory

SPLIT = "mon-fri 09:00-12:00\ntue, thu 19:00-21:00"


def owner(**columns: Any) -> Owner:
    return Owner.objects.create(user=UserFactory(role="rep"), **columns)


def saved(client: Client, row: Owner, lines: str = SPLIT, zone: str = "Europe/Berlin", country: str = "de") -> str:
    response: HttpResponse = save_row(client, row, lines=lines, zone=zone, country=country)
    return html.unescape(response.content.decode())


class TestLines:
    def test_a_line_is_a_window(self) -> None:
        assert as_row("tue, thu 19:00-21:00") == {"days": ["tue", "thu"], "opens": "19:00", "closes": "21:00"}

    def test_days_in_a_row_are_written_short(self) -> None:
        assert as_lines(office_hours()) == "mon-fri 09:00-17:00"

    @pytest.mark.parametrize("line", ["mon-fri 09:00-17:00", "sat 10:00-12:00", "mon, wed, fri 08:00-12:30"])
    def test_what_is_shown_can_be_typed(self, line: str) -> None:
        assert as_lines([as_row(line)]) == line

    def test_an_hour_alone_is_a_full_hour(self) -> None:
        assert as_row("Mon–Tue 9-17") == {"days": ["mon", "tue"], "opens": "09:00", "closes": "17:00"}


def test_sales_ops_writes_it(client: Client) -> None:
    row = owner()
    sign_in(client, "sales_ops")
    saved(client, row)
    found = Owner.objects.get(pk=row.pk)
    assert (as_lines(found.windows), found.zone, found.country) == (SPLIT, "Europe/Berlin", "DE")
    assert len(clocks.read(found).windows) == 2


def test_the_change_is_recorded_without_what_it_says(client: Client) -> None:
    row = owner()
    sign_in(client, "sales_ops")
    saved(client, row)
    entry = AuditEntry.objects.get(verb="handoff.owner.edited")
    assert entry.data == {"fields": ["country", "windows", "zone"]}


def test_sales_ops_adds_it_for_somebody(client: Client) -> None:
    rep = UserFactory(role="rep")
    sign_in(client, "sales_ops")
    client.post(page(Owner, "add"), {"user": rep.pk, "lines": SPLIT, "zone": "UTC", "country": ""})
    assert as_lines(Owner.objects.get(user=rep).windows) == SPLIT


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("mon-fri 09:00-17:00\ntue 17:00-09:00", "Line 2, “tue 17:00-09:00”: It ends before it begins"),
        ("mon-fri 09:00-17:00\ntue 16:00-18:00", "Line 2, “tue 16:00-18:00”: Two lines overlap."),
        ("someday 09:00-17:00", "Line 1, “someday 09:00-17:00”: Days are mon"),
        ("mon 25:00-26:00", "Line 1, “mon 25:00-26:00”: Times have hours and minutes"),
        ("whenever", "Line 1, “whenever”"),
    ],
)
def test_a_fault_is_said_with_its_line_and_nothing_is_lost(client: Client, lines: str, said: str) -> None:
    row = owner()
    sign_in(client, "sales_ops")
    shown = saved(client, row, lines=lines)
    assert said in shown
    assert lines.splitlines()[-1] in shown
    assert Owner.objects.get(pk=row.pk).windows == office_hours()


def test_an_unknown_zone_is_said_beside_it(client: Client) -> None:
    row = owner()
    sign_in(client, "sales_ops")
    assert "There is no such time zone" in saved(client, row, zone="Europe/Atlantis")


def test_nobody_writes_their_own(client: Client) -> None:
    row = owner()
    client.force_login(row.user)
    assert "mon-fri 09:00-17:00" in open_row(client, row)
    assert save_row(client, row, lines=SPLIT, zone="UTC").status_code == 403
