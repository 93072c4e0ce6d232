"""The kill switch in the admin: one press from any page; GET, strangers, forged forms stop nothing (PIP-13, SEC-04)."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from compliance import admin_words, halts
from compliance.acts import Consent
from compliance.models import AuditEntry, Halt
from compliance.principals import SYSTEM
from handoff.roles import ROLES
from sequences.models import RecipientList, Sequence, Template, TemplateVersion
from tests.cast import TUESDAY
from tests.desk import open_row, page, sign_in, take
from tests.factories import AccountFactory, MailboxFactory, UserFactory
from tests.sequences.campaign import under_way

pytestmark = pytest.mark.django_db

STOP, PLACE = "/admin/compliance/halt/stop/", "/admin/compliance/halt/place/"
BUTTON, BANNER = 'class="ho-kill"', "All sending is stopped."
STAFF = sorted(set(ROLES) - {"integration"})


def stopped(scope: str = halts.EVERYTHING) -> Halt:
    return halts.place(scope, Halt.Kind.KILL_SWITCH, "Odd replies.", by=SYSTEM, at=TUESDAY)


def asked(by: User) -> Halt:
    return halts.ask_start(stopped(), by=by, at=TUESDAY, consent=Consent("Mended."))


class TestTheButton:
    @pytest.mark.parametrize("role", STAFF)
    def test_every_role_sees_it_and_one_press_stops_everything(self, client: Client, role: str) -> None:
        by = sign_in(client, role)
        assert BUTTON in client.get("/admin/").content.decode()
        response = client.post(STOP, follow=True)
        halt = Halt.objects.get()
        assert (halt.scope, halt.placed_by) == (halts.EVERYTHING, f"user:{by.pk}")
        shown = response.content.decode()
        assert response.redirect_chain == [(f"/admin/compliance/halt/{halt.pk}/change/", 302)]
        assert all(said in shown for said in ("stands still since", "takes two people", "may still finish"))

    def test_pressed_twice_it_is_one_halt(self, client: Client) -> None:
        sign_in(client, "rep")
        client.post(STOP)
        client.post(STOP)
        assert Halt.objects.count() == 1

    @pytest.mark.parametrize(
        "what", ["/admin/", "/admin/compliance/halt/", "/admin/sequences/contact/", "/admin/sequences/contact/add/"]
    )
    def test_while_it_stands_every_page_says_so_instead(self, client: Client, what: str) -> None:
        sign_in(client, "sales_ops")
        assert BUTTON in client.get(what).content.decode()
        halt = stopped()
        shown = client.get(what).content.decode()
        assert BUTTON not in shown
        assert BANNER in shown
        assert f"/admin/compliance/halt/{halt.pk}/change/" in shown

    def test_a_narrower_halt_leaves_the_button(self, client: Client) -> None:
        stopped("mailbox:1")
        sign_in(client, "rep")
        shown = client.get("/admin/sequences/contact/").content.decode()
        assert (BUTTON in shown, BANNER in shown) == (True, False)

    def test_whoever_may_not_stop_sees_no_button(self, client: Client) -> None:
        client.force_login(UserFactory(role="integration"))
        assert BUTTON not in client.get("/admin/").content.decode()

    def test_somebody_who_has_not_signed_in_learns_nothing(self, client: Client) -> None:
        stopped()
        assert BANNER not in client.get("/admin/login/").content.decode()


class TestWhoCannot:
    @pytest.mark.parametrize("who", ["", "integration", "sales_ops"])
    def test_looking_stops_nothing(self, client: Client, who: str) -> None:
        if who:
            sign_in(client, who)
        assert client.get(STOP).status_code == client.head(STOP).status_code == 405
        assert not Halt.objects.exists()

    @pytest.mark.parametrize("url", [STOP, PLACE])
    def test_somebody_who_has_not_signed_in_stops_nothing(self, client: Client, url: str) -> None:
        response = client.post(url, {"scope": halts.EVERYTHING, "comment": "Ha."})
        assert (response.status_code, response["Location"]) == (302, f"/admin/login/?next={url}")
        assert not Halt.objects.exists()

    @pytest.mark.parametrize("url", [STOP, PLACE])
    def test_a_program_stops_nothing(self, client: Client, url: str) -> None:
        sign_in(client, "integration")
        assert client.post(url, {"scope": halts.EVERYTHING, "comment": "Ha."}).status_code == 403
        assert not Halt.objects.exists()

    @pytest.mark.parametrize("url", [STOP, PLACE])
    def test_a_form_from_another_site_stops_nothing(self, url: str) -> None:
        client = Client(enforce_csrf_checks=True)
        sign_in(client, "root")
        assert client.post(url, {"scope": halts.EVERYTHING, "comment": "Ha."}).status_code == 403
        assert not Halt.objects.exists()

    @pytest.mark.parametrize("what", ["add/", "1/delete/"])
    def test_nobody_writes_or_deletes_one_by_hand(self, client: Client, what: str) -> None:
        row = stopped()
        sign_in(client, "root")
        url = f"/admin/compliance/halt/{what.replace('1', str(row.pk))}"
        assert client.post(url, {"post": "yes"}).status_code == 403
        client.post(f"/admin/compliance/halt/{row.pk}/change/", {"state": "lifted", "reason": "x"})
        assert Halt.objects.get().state == Halt.State.STANDING


class TestNarrowerStops:
    def test_each_thing_is_stopped_from_its_own_page(self, client: Client) -> None:
        row = under_way()
        account = AccountFactory(domain="pumps.example.com")
        sign_in(client, "root")
        things = [row, Sequence.objects.get(), Template.objects.get(), account]
        for thing in things:
            assert f'name="scope" value="{thing.key}"' in open_row(client, thing)  # type: ignore[attr-defined]
        assert f'value="{Template.objects.get().key}"' in open_row(client, TemplateVersion.objects.get())
        assert 'value="recipient-domain:pumps.example.com"' in open_row(client, account)

    def test_without_a_reason_it_asks_for_one(self, client: Client) -> None:
        scope = MailboxFactory().key
        sign_in(client, "rep")
        assert "Stop: Mailbox" in client.get(PLACE, {"scope": scope}).content.decode()
        refused = client.post(PLACE, {"scope": scope, "comment": " "})
        assert (refused.status_code, Halt.objects.count()) == (409, 0)
        assert "Please say why" in refused.content.decode()

    @pytest.mark.parametrize(
        "scope", ["", "mailbox:999", "mailbox:x", "nonsense:1", "sending-domain:elsewhere.example"]
    )
    def test_what_does_not_exist_is_not_stopped(self, client: Client, scope: str) -> None:
        sign_in(client, "rep")
        assert client.post(PLACE, {"scope": scope, "comment": "Ha."}).status_code == 404

    def test_who_may_not_stop_is_offered_nothing(self, client: Client) -> None:
        row = under_way()
        user = UserFactory(role="sales_ops")
        user.groups.get().permissions.filter(codename="place_halt").delete()
        client.force_login(user)
        assert 'name="scope"' not in open_row(client, RecipientList.objects.get(pk=row.pk))


class TestStartingAgain:
    def test_two_people_do_and_one_does_not(self, client: Client) -> None:
        row, first = stopped(), sign_in(client, "sales_ops")
        take(client, row, "ask_start", comment="The cause is mended.")
        assert take(client, row, "confirm_start", comment="Me again.").status_code == 409
        assert Halt.objects.get().state == Halt.State.START_ASKED
        second = sign_in(client, "cro")
        take(client, row, "confirm_start", comment="I have looked as well.")
        done = Halt.objects.get()
        assert done.state == Halt.State.LIFTED
        assert [done.asked_by, done.confirmed_by] == [f"user:{first.pk}", f"user:{second.pk}"]
        assert "Two people have started it again" in open_row(client, done)

    @pytest.mark.parametrize("arrow", ["ask_start", "confirm_start", "decline_start"])
    def test_looking_at_the_form_starts_nothing(self, client: Client, arrow: str) -> None:
        row = asked(UserFactory(role="cro"))
        sign_in(client, "sales_ops")
        client.get(f"/admin/compliance/halt/{row.pk}/act/{arrow}/", {"comment": "x"})
        assert Halt.objects.get().state == Halt.State.START_ASKED

    def test_a_form_from_another_site_starts_nothing(self) -> None:
        row, client = asked(UserFactory(role="cro")), Client(enforce_csrf_checks=True)
        sign_in(client, "sales_ops")
        assert take(client, row, "confirm_start", comment="x").status_code == 403
        assert Halt.objects.get().state == Halt.State.START_ASKED

    def test_the_page_shows_who_did_what_and_why(self, client: Client) -> None:
        row = asked(UserFactory(role="cro", first_name="Maren", last_name="Lindahl"))
        sign_in(client, "rep")
        shown = open_row(client, row)
        assert "Maren Lindahl has asked" in shown
        assert "Mended." in shown


class TestTheList:
    def test_what_stands_comes_first(self, client: Client) -> None:
        old = stopped("mailbox:1")
        new = stopped()
        halts.ask_start(new, by=UserFactory(role="cro"), at=TUESDAY, consent=Consent("Mended."))
        halts.confirm_start(new, by=UserFactory(role="legal"), at=TUESDAY, consent=Consent("Yes."))
        sign_in(client, "rep")
        shown = client.get(page(Halt, "changelist")).context["cl"].result_list
        assert [row.pk for row in shown] == [old.pk, new.pk]

    def test_it_can_be_sorted_and_filtered(self, client: Client) -> None:
        stopped()
        sign_in(client, "rep")
        for query in ("o=1", "o=-3.1", "state__exact=lifted", "q=odd", "all="):
            assert client.get(f"{page(Halt, 'changelist')}?{query}").status_code == 200


def test_what_a_halt_names_is_said_in_words() -> None:
    mailbox, account = MailboxFactory(address="rick@ours.example.com"), AccountFactory(name="Pumps Ltd")
    scopes = [halts.EVERYTHING, mailbox.key, "sending-domain:ours.example.com", account.key]
    assert [admin_words.say_scope(scope) for scope in scopes] == [
        "All sending",
        "Mailbox rick@ours.example.com",
        "Every mailbox at ours.example.com",
        "Account Pumps Ltd",
    ]
    assert admin_words.say_scope("recipient-domain:example.com") == "Everything to example.com and below it"
    assert admin_words.say_scope("mailbox:999") == "mailbox:999"


def test_the_log_has_words_for_it(client: Client) -> None:
    stopped()
    sign_in(client, "root")
    assert "Sending stopped" in open_row(client, AuditEntry.objects.get(verb="halt.placed"))
