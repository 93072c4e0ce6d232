"""What a stolen cookie cannot do: sign, start, lift, carry away, change senders or keys; and what it can: stop."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from compliance import clock, factor, halts
from compliance.factor import Kind
from compliance.models import AuditEntry, Halt, Suppression
from tests.cast import TUESDAY
from tests.desk import page, sign_in, take
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    UserFactory,
    armed,
    running_list,
    submitted_list,
    submitted_text,
)
from tests.handoff.places import PLACES, Place, approve, mailbox_add, user_add
from tests.phone import code_of, paired, recovery_codes_of, stale, step

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


@pytest.fixture(autouse=True)
def _nobody_has_failed_before() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.mark.parametrize("make", PLACES, ids=lambda make: make.__name__.strip("_"))
class TestAsked:
    def test_a_stolen_cookie_is_asked_and_does_nothing(self, client: Client, make: Callable[[], Place]) -> None:
        place = make()
        paired(sign_in(client, place.role))
        stale(client)
        answer = client.post(place.url, place.filled(client))
        assert answer.status_code == 403
        assert "One more step" in answer.content.decode()
        assert not place.done()

    def test_with_the_code_it_goes_on_with_everything_that_was_typed(
        self, client: Client, make: Callable[[], Place]
    ) -> None:
        place = make()
        user = paired(sign_in(client, place.role))
        stale(client)
        asked = client.post(place.url, place.filled(client))
        client.post(place.url, step(asked, code_of(user)))
        assert place.done()

    def test_a_wrong_code_loses_nothing_that_was_typed(self, client: Client, make: Callable[[], Place]) -> None:
        place = make()
        user = paired(sign_in(client, place.role))
        stale(client)
        asked = client.post(place.url, place.filled(client))
        again = client.post(place.url, step(asked, "none"))
        assert (again.status_code, "Incorrect code." in again.content.decode()) == (403, True)
        assert not place.done()
        client.post(place.url, step(again, recovery_codes_of(user)[0]))
        assert place.done()


class TestCarryingAway:
    FORM = {"format": "0", "resource": "0"}  # noqa: RUF012
    URL = reverse("admin:sequences_contact_export")

    def test_an_export_is_asked_for(self, client: Client) -> None:
        person = ContactFactory()
        user = paired(sign_in(client, "sales_ops"))
        stale(client)
        asked = client.post(self.URL, self.FORM)
        assert asked.status_code == 403
        assert person.address not in asked.content.decode()
        assert person.address in _content(client.post(self.URL, step(asked, code_of(user))))
        assert AuditEntry.objects.filter(verb="personal.exported").count() == 1

    def test_a_link_is_followed_again_after_the_code(self, client: Client) -> None:
        row = submitted_list(TUESDAY, [ContactFactory()])
        url = reverse("admin:sequences_recipientlist_import_rows", args=[row.pk])
        user = paired(sign_in(client, "sales_ops"))
        stale(client)
        asked = client.get(url)
        assert asked.status_code == 403
        assert client.post(url, step(asked, code_of(user)))["Location"] == url


class TestTheStep:
    def test_it_is_recorded_as_a_question_and_not_as_a_refusal(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        paired(sign_in(client, "cmo"))
        stale(client)
        take(client, text, "approve_messaging")
        assert AuditEntry.objects.filter(verb="access.factor_asked").count() == 1
        assert not AuditEntry.objects.filter(verb="access.denied").exists()

    def test_a_password_on_its_way_is_not_to_be_read_in_the_page(self, client: Client) -> None:
        place = mailbox_add()
        paired(sign_in(client, place.role))
        stale(client)
        asked = client.post(place.url, place.filled(client))
        assert "s3cret" not in asked.content.decode()
        assert "no-store" in asked["Cache-Control"]

    def test_what_another_person_typed_is_not_taken_for_mine(self, client: Client) -> None:
        place = user_add()
        theirs = Client()
        paired(sign_in(theirs, "root"))
        stale(theirs)
        asked = theirs.post(place.url, place.form)
        mine = paired(sign_in(client, "root"))
        stale(client)
        client.post(place.url, step(asked, code_of(mine)))
        assert not place.done()

    def test_the_code_of_somebody_else_is_none(self, client: Client) -> None:
        place, other = approve(), paired(UserFactory(role="cmo"))
        paired(sign_in(client, place.role))
        stale(client)
        asked = client.post(place.url, place.filled(client))
        assert client.post(place.url, step(asked, code_of(other))).status_code == 403
        assert not place.done()

    def test_five_minutes_count_from_the_last_code(self, client: Client) -> None:
        user = sign_in(client, "cmo")
        request: Any = client.get("/admin/").wsgi_request
        now = clock.now()
        factor.note(request.session, user, now)
        assert not factor.is_wanted(request, Kind.APPROVES, now + timedelta(minutes=4, seconds=59))
        assert factor.is_wanted(request, Kind.APPROVES, now + timedelta(minutes=5))

    def test_what_did_not_say_its_kind_is_asked_for(self, client: Client) -> None:
        sign_in(client, "cmo")
        stale(client)
        request: Any = client.get("/admin/").wsgi_request
        assert factor.is_wanted(request, None, clock.now())


class TestStopping:
    def test_the_kill_switch_asks_for_nothing(self, client: Client) -> None:
        sign_in(client, "rep")
        stale(client)
        client.post(reverse("admin:compliance_halt_stop"))
        assert Halt.objects.get().scope == halts.EVERYTHING

    def test_neither_does_a_narrower_stop(self, client: Client) -> None:
        row = MailboxFactory()
        sign_in(client, "content")
        stale(client)
        client.post(reverse("admin:compliance_halt_place"), {"scope": row.key, "comment": "Odd bounces."})
        assert Halt.objects.get().scope == row.key

    def test_neither_does_the_stop_of_a_person(self, client: Client) -> None:
        sign_in(client, "rep")
        stale(client)
        form = {"what": "person", "address": "ada@pumps.example.com", "reason": "by_phone", "source": "a call"}
        assert client.post(page(Suppression, "add"), form).status_code != 403

    @pytest.mark.parametrize(
        ("make", "arrow", "role"),
        [
            (lambda: running_list(TUESDAY, [ContactFactory()]), "withdraw", "legal"),
            (lambda: submitted_text(TUESDAY), "reject", "cmo"),
            (armed, "disarm", "legal"),
        ],
    )
    def test_neither_do_acts_that_end_something(
        self, client: Client, make: Callable[[], Model], arrow: str, role: str
    ) -> None:
        row = make()
        sign_in(client, role)
        stale(client)
        assert take(client, row, arrow, comment="No.").status_code == 302


def test_where_no_factor_is_required_nothing_asks(client: Client, settings: Any) -> None:
    settings.REQUIRE_MFA = False
    place = approve()
    sign_in(client, place.role)
    stale(client)
    client.post(place.url, place.filled(client))
    assert place.done()


def _content(answer: HttpResponse | Any) -> str:
    return str(answer.getvalue().decode())
