"""The page that says why: from a contact or by an address, for those who may see it all, recorded, nothing changed."""

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from compliance import halts
from compliance.acts import Consent
from compliance.models import AuditEntry, Halt
from compliance.principals import SYSTEM
from sequences import merging
from sequences.models import Contact
from tests.cast import TUESDAY
from tests.desk import open_row, page, sign_in
from tests.factories import ContactFactory, UserFactory, playbook_loaded
from tests.sequences.campaign import opt_out, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = pytest.mark.django_db
LOOKUP = "/admin/sequences/contact/explain/"


@pytest.fixture
def ada() -> Contact:
    """Somebody to whom one step has gone, and another is to go."""
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()
    return Contact.objects.get()


def url(row: Contact) -> str:
    return reverse("admin:sequences_contact_explain", args=[row.pk])


def opened(client: Client, address: str, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return str(response.content.decode())


def looked_up(client: Client, address: str) -> HttpResponse:
    response: HttpResponse = client.post(LOOKUP, {"address": address})  # type: ignore[assignment]
    return response


def viewed() -> list[str]:
    return list(AuditEntry.objects.filter(verb="personal.viewed").order_by("pk").values_list("subject", flat=True))


def test_a_contact_leads_to_it(client: Client, ada: Contact) -> None:
    sign_in(client, "rep")
    assert url(ada) in open_row(client, ada)


def test_it_tells_what_went_and_what_every_rule_said(client: Client, ada: Contact) -> None:
    sign_in(client, "rep")
    shown = opened(client, url(ada))
    assert "250 2.0.0 queued as 4711" in shown
    assert f"All {len(settings.CLEARANCE_RULES)} rules, and what each looked at" in shown
    assert "Not too much mail to one person" in shown


def test_it_tells_what_comes_next(client: Client, ada: Contact) -> None:
    sign_in(client, "rep")
    assert "Step 2" in opened(client, url(ada))


def test_a_halt_is_told_with_its_reason(client: Client, ada: Contact) -> None:
    halts.place(halts.EVERYTHING, Halt.Kind.KILL_SWITCH, "<b>Look</b>", by=SYSTEM, at=TUESDAY)
    sign_in(client, "cmo")
    shown = opened(client, url(ada))
    assert "&lt;b&gt;Look&lt;/b&gt;" in shown
    assert "Waits" in shown


def test_a_stop_is_told(client: Client, ada: Contact) -> None:
    opt_out(ada.address)
    sign_in(client, "legal")
    shown = opened(client, url(ada))
    assert "One-click unsubscribe" in shown
    assert "Will not go" in shown


def test_whoever_may_not_see_messages_is_not_led_there_and_not_let_in(client: Client, ada: Contact) -> None:
    sign_in(client, "content")
    assert url(ada) not in open_row(client, ada)
    assert client.get(url(ada)).status_code == 403
    assert client.get(LOOKUP).status_code == 403


def test_that_somebody_looked_is_recorded_of_every_address(client: Client) -> None:
    playbook_loaded()
    ada, countess = ContactFactory.create_batch(2)
    by = UserFactory(role="sales_ops")
    merging.merge_contacts(ada, countess, by=by, at=TUESDAY, consent=Consent("She said so"))
    sign_in(client, "rep")
    opened(client, url(ada))
    assert sorted(viewed()) == [f"sequences.contact:{ada.pk}", f"sequences.contact:{countess.pk}"]


def test_it_works_without_a_playbook(client: Client) -> None:
    ada = ContactFactory()
    sign_in(client, "rep")
    assert "Nothing was ever planned for them" in opened(client, url(ada))


def test_nothing_is_changed_by_it(client: Client, ada: Contact) -> None:
    sign_in(client, "root")
    assert client.post(url(ada)).status_code == 405


@pytest.mark.parametrize("key", ["0", "nonsense", "1/2"])
def test_a_contact_that_is_not_there_is_not_found(client: Client, key: str) -> None:
    sign_in(client, "root")
    assert client.get(f"/admin/sequences/contact/{key}/explain/").status_code == 404


def test_an_odd_page_of_older_messages_breaks_nothing(client: Client, ada: Contact) -> None:
    sign_in(client, "rep")
    assert "250 2.0.0" in opened(client, url(ada), before="nonsense")


class TestByAddress:
    @pytest.fixture(autouse=True)
    def _a_playbook(self) -> None:
        playbook_loaded()

    def test_the_list_of_contacts_leads_to_it(self, client: Client) -> None:
        sign_in(client, "rep")
        assert LOOKUP in opened(client, page(Contact, "changelist"))

    def test_who_may_not_see_it_is_not_led_there(self, client: Client) -> None:
        sign_in(client, "content")
        assert LOOKUP not in opened(client, page(Contact, "changelist"))

    def test_a_contact_is_found_by_any_spelling(self, client: Client) -> None:
        ada = ContactFactory(address="ada.byron@gmail.com")
        sign_in(client, "rep")
        assert looked_up(client, "A.D.A.Byron+x@googlemail.com")["Location"] == url(ada)

    def test_who_is_known_by_a_stop_alone_is_shown_and_recorded(self, client: Client) -> None:
        opt_out("stranger@example.com")
        sign_in(client, "rep")
        shown = looked_up(client, "stranger@example.com").content.decode()
        assert "by its digests alone" in shown
        assert "One-click unsubscribe" in shown
        assert [one.partition(":")[0] for one in viewed()] == ["compliance.personkey"]

    @pytest.mark.parametrize(
        ("address", "says"),
        [
            ("nonsense", "This is not exactly one plain address."),
            ("nobody@example.com", "Nobody has this address"),
            ("info@example.com", "An import would leave it out"),
            ("<script>alert(1)</script>", "This is not exactly one plain address."),
        ],
    )
    def test_what_leads_nowhere_says_why_and_keeps_what_was_typed(
        self, client: Client, address: str, says: str
    ) -> None:
        sign_in(client, "rep")
        response = looked_up(client, address)
        shown = response.content.decode()
        assert response.status_code == 404
        assert says in shown
        assert "<script>alert" not in shown

    def test_it_asks_for_the_address(self, client: Client) -> None:
        sign_in(client, "rep")
        assert 'name="address"' in opened(client, LOOKUP)
