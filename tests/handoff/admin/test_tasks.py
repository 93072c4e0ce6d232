"""Tasks are listed for whoever is to do them, by when they are due, and closed on their page."""

import html
from datetime import timedelta

import pytest
from django.test import Client

from handoff import todo
from handoff.models import Task
from tests.cast import TUESDAY
from tests.desk import open_row, page, sign_in, take
from tests.factories import UserFactory
from tests.handoff.climbing import mql


def asked(
    role: str = "sales_ops", *, days: int = 1, person: object = None, kind: Task.Kind = Task.Kind.FOLLOW_UP
) -> Task:
    due = TUESDAY + timedelta(days=days)
    cause = f"test:{Task.objects.count()}"
    row = todo.ask(kind, mql(), cause=cause, role=role, due_at=due, at=TUESDAY, person=person, note="touchpoints, tier")  # type: ignore[arg-type]
    assert row is not None
    return row


def listed(client: Client, **query: str) -> list[int]:
    return [row.pk for row in client.get(page(Task, "changelist"), query).context["cl"].result_list]


@pytest.mark.parametrize("role", ["content", "cmo", "cro", "sales_ops", "rep", "legal", "chief_of_staff"])
def test_a_task_opens_for_every_role(client: Client, role: str) -> None:
    sign_in(client, role)
    assert "What the lead lacks" in html.unescape(open_row(client, asked()))


def test_the_list_shows_what_is_asked_of_my_role_by_when_it_is_due(client: Client) -> None:
    later, sooner = asked(days=3), asked(days=2)
    asked("chief_of_staff")
    sign_in(client, "sales_ops")
    assert listed(client) == [sooner.pk, later.pk]


def test_what_is_asked_of_somebody_by_name_is_theirs_alone(client: Client) -> None:
    me = sign_in(client, "chief_of_staff")
    mine = asked("chief_of_staff", person=me)
    asked("chief_of_staff", person=UserFactory(role="chief_of_staff"))
    assert listed(client) == [mine.pk]


def test_everything_is_a_click_away(client: Client) -> None:
    row = asked()
    sign_in(client, "rep")
    assert listed(client) == []
    assert row.pk in listed(client, whose="open")
    assert row.pk in listed(client, whose="all")


def test_a_gap_of_an_offer_is_told_in_words(client: Client) -> None:
    asked(kind=Task.Kind.COMPLETE)
    sign_in(client, "sales_ops")
    assert "what passed between us, the tier" in client.get(page(Task, "changelist")).content.decode()


def test_it_is_closed_with_a_word_on_what_was_done(client: Client) -> None:
    row = asked()
    sign_in(client, "sales_ops")
    take(client, row, "finish", comment="Mended the data.")
    assert Task.objects.get(pk=row.pk).state == Task.State.DONE


def test_somebody_of_another_role_is_told_why_not(client: Client) -> None:
    row = asked()
    sign_in(client, "rep")
    assert "It is asked of another role." in html.unescape(open_row(client, row))
    assert take(client, row, "finish", comment="Done.").status_code == 409
