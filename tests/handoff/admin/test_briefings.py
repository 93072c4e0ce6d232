"""A briefing's page takes what became of it, not before it began."""

import html
from datetime import timedelta

import pytest
from django.test import Client

from handoff.models import Briefing, Stage
from tests.cast import TUESDAY
from tests.desk import open_row, sign_in, take
from tests.handoff.climbing import at_stage


def booked() -> Briefing:
    return Briefing.objects.get(lead=at_stage(Stage.BRIEFING_READY))


@pytest.mark.parametrize("role", ["content", "cmo", "cro", "sales_ops", "rep", "legal", "chief_of_staff"])
def test_it_opens_for_every_role(client: Client, role: str) -> None:
    sign_in(client, role)
    assert "What you can do now" in open_row(client, booked())


def test_before_it_began_it_says_so(client: Client) -> None:
    sign_in(client, "rep")
    assert "It has not begun yet." in html.unescape(open_row(client, booked()))


def test_afterwards_it_was_held(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    row = booked()
    monkeypatch.setattr("compliance.clock.now", lambda: TUESDAY + timedelta(days=4))
    sign_in(client, "rep")
    take(client, row, "hold")
    assert Briefing.objects.get(pk=row.pk).state == Briefing.State.HELD


def test_it_may_be_called_off_before(client: Client) -> None:
    row = booked()
    sign_in(client, "cro")
    take(client, row, "cancel", comment="They are ill.")
    assert Briefing.objects.get(pk=row.pk).state == Briefing.State.CANCELLED
