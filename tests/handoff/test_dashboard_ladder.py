"""The first page says whose turn it is on the ladder, how much time is left, and how many stand where."""

from datetime import timedelta

import pytest
from django.test import Client

from handoff.dashboard_ladder import rungs, turns
from handoff.models import Lead, Stage
from tests.cast import TUESDAY
from tests.desk import page, sign_in
from tests.factories import AccountFactory, ContactFactory, UserFactory, playbook_loaded
from tests.handoff.climbing import at_stage, fit, lead_of, mql, offered
from tests.handoff.installation import HOSTILE

pytestmark = pytest.mark.django_db


def test_an_open_offer_waits_for_whoever_it_was_made_to(client: Client) -> None:
    rep, other = UserFactory(role="rep"), UserFactory(role="rep")
    offered(mql(), rep)
    (turn,) = turns(rep, TUESDAY)
    assert (turn.what, turn.can) == ("Offered to you, tier C", ("Accept", "Reject, with a reason"))
    assert turns(other, TUESDAY) == []


def test_a_task_waits_for_everybody_of_its_role() -> None:
    mql()
    (turn,) = turns(UserFactory(role="cro"), TUESDAY)
    assert turn.what == "Decide whether this is an SQL"
    assert turns(UserFactory(role="sales_ops"), TUESDAY) == []


def test_what_is_late_says_so_and_stands_first() -> None:
    cro = UserFactory(role="cro")
    mql()
    late = mql(at=TUESDAY - timedelta(days=14))
    first, second = turns(cro, TUESDAY)
    assert late.contact.last_name in first.title
    assert "overdue for" in first.clock
    assert "due in" in second.clock


def test_a_briefing_that_began_waits_for_somebody_to_say_what_became_of_it() -> None:
    lead, rep = at_stage(Stage.BRIEFING_READY), UserFactory(role="rep")
    type(lead).objects.filter(pk=lead.pk).update(owner=None)
    assert turns(rep, TUESDAY) == []
    (turn,) = turns(rep, TUESDAY + timedelta(days=4))
    assert turn.what == "Say what became of the briefing"
    assert turn.can == ("It was held", "Nobody came", "It was cancelled")


def test_of_a_lead_of_their_own_only_its_owner_is_asked() -> None:
    owner, other = UserFactory(role="rep"), UserFactory(role="rep")
    lead = at_stage(Stage.BRIEFING_READY)
    type(lead).objects.filter(pk=lead.pk).update(owner=owner)
    later = TUESDAY + timedelta(days=4)
    assert (len(turns(owner, later)), turns(other, later)) == (1, [])


def test_each_rung_counts_what_its_link_shows(client: Client) -> None:
    lead_of()
    mql()
    at_stage(Stage.SQL)
    cro = sign_in(client, "cro")
    found = {str(one.name): client.get(one.url).context["cl"].result_count for one in rungs(cro)}
    assert found == {str(one.name): one.count for one in rungs(cro)}
    assert (found["Prospect"], found["MQL"], found["SQL"]) == (1, 1, 1)


def test_nobody_sees_rungs_they_may_not_look_at() -> None:
    lead_of()
    assert rungs(UserFactory(role="integration")) == []


def test_an_empty_ladder_is_not_drawn() -> None:
    assert rungs(UserFactory(role="cro")) == []


@pytest.mark.parametrize("role", ["content", "cmo", "cro", "sales_ops", "rep", "legal", "chief_of_staff"])
def test_the_first_page_draws_the_ladder_for_every_role(client: Client, role: str) -> None:
    mql()
    sign_in(client, role)
    assert "The ladder now" in client.get("/admin/").content.decode()


def test_offers_and_tasks_are_counted_with_the_rest(client: Client) -> None:
    playbook_loaded()
    offered(mql(), sign_in(client, "cro"))
    shown = client.get("/admin/").content.decode()
    assert '<span class="ho-count">2</span>' in shown


def test_a_hostile_name_is_only_a_name(client: Client) -> None:
    contact = ContactFactory(first_name=HOSTILE, account=AccountFactory(name=HOSTILE))
    offered(fit(lead_of(contact)), sign_in(client, "rep"))
    assert "<script>alert" not in client.get("/admin/").content.decode()


def test_the_menu_leads_to_the_ladder(client: Client) -> None:
    sign_in(client, "rep")
    assert page(Lead, "changelist") in client.get("/admin/").content.decode()
