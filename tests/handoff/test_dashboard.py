"""The first page: what waits for whom, the numbers of the day, and the way into an empty installation."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from compliance import installation
from compliance.acts import Consent
from compliance.models import Purpose
from handoff import dashboard
from handoff.dashboard import installation_badge, waiting_for
from sequences import lists, router
from tests.cast import TUESDAY
from tests.compliance.agreed import agreed, proposed, signed
from tests.desk import sign_in
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    TemplateVersionFactory,
    UserFactory,
    approved_sequence,
    drafted_sequence,
    playbook_loaded,
    running_list,
    signed_text,
    submitted_list,
    submitted_text,
)
from tests.handoff.installation import received

pytestmark = pytest.mark.django_db


def titles(role: str, **who: Any) -> list[str]:
    return [one.title for one in waiting_for(UserFactory(role=role, **who), TUESDAY)]


class TestAnswers:
    """Mails that nobody has understood yet are one line, which leads to the oldest."""

    def waiting(self, role: str) -> list[dashboard.Waiting]:
        return [one for one in waiting_for(UserFactory(role=role), TUESDAY) if "repl" in one.title]

    @pytest.mark.parametrize("role", ["cro", "sales_ops", "rep"])
    def test_they_wait_for_those_who_talk_to_people(self, role: str) -> None:
        received()
        router.route_round(TUESDAY)
        (line,) = self.waiting(role)
        assert line.title == "1 reply that waits for a person"
        assert line.url.endswith("?state__exact=waiting&o=1")

    def test_and_for_nobody_else(self) -> None:
        received()
        router.route_round(TUESDAY)
        assert self.waiting("cmo") == []

    def test_not_while_the_machine_has_yet_to_look(self) -> None:
        received()
        assert self.waiting("rep") == []


class TestWaiting:
    def test_a_submitted_text_waits_for_the_cmo_and_nobody_else(self) -> None:
        text = submitted_text(TUESDAY)
        assert titles("cmo") == [str(text)]
        assert titles("cro") + titles("sales_ops") + titles("rep") == []

    def test_a_draft_waits_for_content_once_it_may_be_submitted(self) -> None:
        playbook_loaded()
        draft = TemplateVersionFactory()
        TemplateVersionFactory(body="No way out of this one.")
        assert titles("content") == [str(draft)]

    def test_what_somebody_wrote_does_not_wait_for_their_own_signature(self) -> None:
        author = UserFactory(roles=["content", "cmo"])
        submitted_text(TUESDAY, author=author)
        assert waiting_for(author, TUESDAY) == []

    def test_a_sequence_waits_for_whoever_may_submit_it(self) -> None:
        draft = drafted_sequence(TUESDAY, steps=1)
        assert titles("sales_ops") == [str(draft)]

    def test_a_list_waits_for_the_cro_once_there_is_a_mailbox(self) -> None:
        row = submitted_list(TUESDAY, [ContactFactory()], approved_sequence(TUESDAY, steps=1))
        assert titles("cro") == []
        MailboxFactory()
        # Who writes to its people is known only now, and is part of what is handed over.
        assert titles("sales_ops") == [str(row)]
        lists.submit(row, by=row.author, at=TUESDAY, consent=Consent())
        assert titles("cro") == [str(row)]

    def test_a_long_list_waits_without_being_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dashboard, "_PEOPLE_LOOKED_AT", 1)
        row = submitted_list(TUESDAY, ContactFactory.create_batch(2), approved_sequence(TUESDAY, steps=1))
        assert titles("cro") == [str(row)]

    def test_a_running_list_waits_only_when_somebody_was_added(self) -> None:
        running_list(TUESDAY, [ContactFactory()], approved_sequence(TUESDAY, steps=1))
        assert titles("cro") == []

    def test_it_waits_again_when_the_signature_is_about_to_end(self) -> None:
        row = running_list(TUESDAY, [ContactFactory()], approved_sequence(TUESDAY, steps=1))
        (one,) = waiting_for(UserFactory(role="cro"), TUESDAY + timedelta(days=23))
        assert (one.title, one.can) == (str(row), ("Sign the rows as they are now (CRO)",))

    def test_a_text_waits_for_another_cmo_when_the_first_is_gone(self) -> None:
        text = signed_text(TUESDAY)
        assert titles("cmo") == []
        User.objects.filter(groups__name="cmo").update(is_active=False)
        assert titles("cmo") == [str(text)]

    def test_a_playbook_waits_for_the_cmo_and_then_for_the_cro(self) -> None:
        row = proposed()
        assert [titles(role) for role in ("cmo", "cro", "sales_ops")] == [[str(row)], [], []]
        signed(row, "cmo")
        assert [titles(role) for role in ("cmo", "cro", "sales_ops")] == [[], [str(row)], []]

    def test_a_playbook_does_not_wait_for_who_loaded_it(self) -> None:
        by = UserFactory(roles=["sales_ops", "cmo"])
        proposed(by=by)
        assert waiting_for(by, TUESDAY) == []

    def test_it_says_what_can_be_done(self) -> None:
        submitted_text(TUESDAY)
        (one,) = waiting_for(UserFactory(role="cmo"), TUESDAY)
        assert one.can == ("Approve the messaging (CMO)",)


class TestWhatIsNotAgreed:
    said = "an example that nobody has agreed to"

    def test_the_page_says_that_nobody_agreed_to_the_playbook(self, client: Client) -> None:
        sign_in(client, "rep")
        playbook_loaded()
        assert self.said in client.get("/admin/").content.decode()

    def test_it_does_not_once_two_have_signed(self, client: Client) -> None:
        sign_in(client, "cro")
        agreed()
        assert self.said not in client.get("/admin/").content.decode()

    def test_nor_where_there_is_none(self, client: Client) -> None:
        sign_in(client, "cro")
        assert self.said not in client.get("/admin/").content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("purpose", "badge"),
    [
        (Purpose.PRODUCTION, None),
        (Purpose.DEMO, ["Demo", "warning"]),
        (Purpose.TEST, ["Test", "warning"]),
        (Purpose.STAGING, ["Staging", "info"]),
    ],
)
def test_the_badge_says_what_the_database_is_for(purpose: Purpose, badge: list[str] | None) -> None:
    installation.mark(purpose, at=TUESDAY)
    assert installation_badge(RequestFactory().get("/")) == badge


def test_a_database_nobody_marked_says_so() -> None:
    assert installation_badge(RequestFactory().get("/")) == ["Not set up", "danger"]


def test_the_page_opens_without_a_playbook(client: Client) -> None:
    TemplateVersionFactory()
    sign_in(client, "content")
    assert client.get("/admin/").status_code == 200


def test_it_greets_by_role(client: Client) -> None:
    client.force_login(UserFactory(roles=["legal", "rep"]))
    assert "You are here as Sales representative, Legal." in client.get("/admin/").content.decode()


def test_more_people_ask_no_more_questions(client: Client) -> None:
    version = approved_sequence(TUESDAY, steps=1)
    running_list(TUESDAY, [ContactFactory()], version)
    sign_in(client, "chief_of_staff")
    client.get("/admin/")
    with CaptureQueriesContext(connection) as few:
        client.get("/admin/")
    running_list(TUESDAY, ContactFactory.create_batch(5), version)
    with CaptureQueriesContext(connection) as many:
        client.get("/admin/")
    assert len(many) == len(few)
