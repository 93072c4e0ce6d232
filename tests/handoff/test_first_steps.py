"""The way into an empty installation: what comes first, what is done, and when the steps are gone."""

import pytest
from django.test import Client

from handoff.first_steps import first_steps
from tests.cast import TUESDAY
from tests.desk import sign_in
from tests.factories import ContactFactory, MailboxFactory, UserFactory, approved_sequence, running_list

pytestmark = pytest.mark.django_db


class TestFirstSteps:
    def test_an_empty_installation_says_what_comes_first(self, client: Client) -> None:
        sign_in(client, "sales_ops")
        shown = client.get("/admin/").content.decode()
        assert "First steps" in shown
        assert "/admin/sequences/mailbox/add/" in shown

    def test_a_step_that_is_done_is_ticked(self) -> None:
        MailboxFactory()
        assert [step.done for step in first_steps(UserFactory(role="sales_ops"))] == [True, False, False, False]

    def test_they_are_gone_once_a_list_runs(self) -> None:
        running_list(TUESDAY, [ContactFactory()], approved_sequence(TUESDAY, steps=1))
        assert first_steps(UserFactory(role="sales_ops")) == []

    def test_who_may_not_look_gets_no_link(self) -> None:
        assert {step.url for step in first_steps(UserFactory(role="integration"))} == {""}
