"""Lifting in the admin: the opt-in is recorded, one person asks, another confirms; every closed way says why."""

import html
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from compliance.models import AuditEntry, Lift, LiftRequest, OptIn, Suppression, SuppressionReason
from handoff.dashboard import waiting_for
from tests.cast import TUESDAY
from tests.compliance.asking import ADA, opted_in, stop, stop_domain, stopped
from tests.desk import act_url, open_row, page, sign_in, take
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def add(client: Client, model: Any, stop: Suppression | None = None, **fields: Any) -> HttpResponse:
    about = f"?stop={stop.pk}" if stop else ""
    form = {"reason": "She filled in the form", **({"stop": stop.pk} if stop else {}), **fields}
    response: HttpResponse = client.post(page(model, "add") + about, form)  # type: ignore[assignment]
    return response


def ask(client: Client, row: Suppression, opt_in: OptIn, **fields: Any) -> HttpResponse:
    return add(client, LiftRequest, row, opt_in=opt_in.pk, **fields)


def record(client: Client, **fields: str) -> HttpResponse:
    told: dict[str, Any] = {"address": ADA, "way": "form", "wording": "Yes, write to me", "source": "case 7", **fields}
    return add(client, OptIn, **told)


def text(response: HttpResponse) -> str:
    return html.unescape(response.content.decode())


class TestOptIns:
    def test_are_recorded_with_their_proof(self, client: Client) -> None:
        person = sign_in(client, "sales_ops")
        assert record(client).status_code == 302
        shown = open_row(client, OptIn.objects.get())
        assert all(said in shown for said in ("Yes, write to me", "case 7", person.get_full_name()))

    @pytest.mark.parametrize("fields", [{"address": "ada"}, {"wording": " "}, {"source": ""}, {"wording": "ü" * 1500}])
    def test_without_proof_are_refused_with_nothing_lost(self, client: Client, fields: dict[str, str]) -> None:
        sign_in(client, "legal")
        answer = record(client, **fields)
        assert answer.status_code == 200
        assert not OptIn.objects.exists()
        assert "source" in fields or "case 7" in text(answer)

    @pytest.mark.parametrize("role", ["rep", "content", "cmo", "chief_of_staff"])
    def test_are_recorded_by_nobody_else(self, client: Client, role: str) -> None:
        sign_in(client, role)
        assert record(client).status_code == 403

    def test_are_never_changed(self, client: Client) -> None:
        row = opted_in()
        sign_in(client, "root")
        change = reverse("admin:compliance_optin_change", args=[row.pk])
        assert client.post(change, {"source": "x"}).status_code == 403


class TestAsking:
    def test_leads_to_a_request_that_waits_for_somebody_else(self, client: Client) -> None:
        row, opt_in = stop(), opted_in()
        sign_in(client, "sales_ops")
        answer = ask(client, row, opt_in)
        request = LiftRequest.objects.get()
        assert answer["Location"] == reverse("admin:compliance_liftrequest_change", args=[request.pk])
        assert (request.stop, request.opt_in, request.reason) == (row, opt_in, "She filled in the form")
        assert stopped(ADA)

    def test_offers_the_opt_ins_of_that_person_alone(self, client: Client) -> None:
        old = opted_in()
        row, theirs, other = stop(), opted_in(), opted_in("bob@valves.example.com")
        sign_in(client, "legal")
        shown = text(client.get(page(LiftRequest, "add"), {"stop": row.pk}))  # type: ignore[arg-type]
        assert f'<option value="{theirs.pk}"' in shown
        assert f'<option value="{other.pk}"' not in shown
        assert f'<option value="{old.pk}"' not in shown

    def test_with_the_opt_in_of_somebody_else_is_refused(self, client: Client) -> None:
        row, other = stop(), opted_in("bob@valves.example.com")
        opted_in()
        sign_in(client, "legal")
        assert ask(client, row, other).status_code == 200
        assert not LiftRequest.objects.exists()

    def test_twice_is_refused_with_its_reason(self, client: Client) -> None:
        row, opt_in = stop(), opted_in()
        sign_in(client, "legal")
        ask(client, row, opt_in)
        assert "Somebody has asked already" in text(ask(client, row, opt_in))

    @pytest.mark.parametrize("model", [LiftRequest, Lift])
    def test_begins_on_the_page_of_a_stop(self, client: Client, model: Any) -> None:
        sign_in(client, "legal")
        assert client.get(page(model, "add")).status_code == 403
        assert client.get(page(model, "add"), {"stop": "nonsense"}).status_code == 200

    @pytest.mark.parametrize("role", ["rep", "cmo", "chief_of_staff"])
    def test_is_not_for_everybody(self, client: Client, role: str) -> None:
        row, opt_in = stop(), opted_in()
        sign_in(client, role)
        assert ask(client, row, opt_in).status_code == 403


class TestConfirming:
    def test_lifts_the_stop(self, client: Client) -> None:
        row, opt_in = stop(), opted_in()
        sign_in(client, "sales_ops")
        ask(client, row, opt_in)
        sign_in(client, "chief_of_staff")
        take(client, LiftRequest.objects.get(), "confirm")
        assert not stopped(ADA)
        assert "Who lifted it" in open_row(client, row)

    def test_is_closed_to_whoever_asked_and_says_so(self, client: Client) -> None:
        row, opt_in = stop(), opted_in()
        sign_in(client, "legal")
        ask(client, row, opt_in)
        request = LiftRequest.objects.get()
        assert 'data-code="same_person"' in open_row(client, request)
        assert take(client, request, "confirm").status_code == 409
        assert stopped(ADA)

    def test_is_closed_to_sales_ops(self, client: Client) -> None:
        row, opt_in = stop(), opted_in()
        sign_in(client, "legal")
        ask(client, row, opt_in)
        sign_in(client, "sales_ops")
        assert 'data-code="not_permitted"' in open_row(client, LiftRequest.objects.get())

    def test_declining_needs_a_reason(self, client: Client) -> None:
        row, opt_in = stop(), opted_in()
        sign_in(client, "sales_ops")
        ask(client, row, opt_in)
        request = LiftRequest.objects.get()
        sign_in(client, "cro")
        assert take(client, request, "decline").status_code == 409
        take(client, request, "decline", comment="The page shows another name")
        assert LiftRequest.objects.get().state == LiftRequest.State.DECLINED

    def test_a_get_of_the_act_lifts_nothing(self, client: Client) -> None:
        row, opt_in = stop(), opted_in()
        sign_in(client, "sales_ops")
        ask(client, row, opt_in)
        sign_in(client, "legal")
        assert client.get(act_url(LiftRequest.objects.get(), "confirm")).status_code == 200
        assert stopped(ADA)

    def test_waits_on_the_first_page_of_those_who_may(self, client: Client) -> None:
        row, opt_in = stop(), opted_in()
        asker = sign_in(client, "legal")
        ask(client, row, opt_in)
        others = [UserFactory(role=role) for role in ("cro", "chief_of_staff", "sales_ops")]
        assert [len(waiting_for(other, TUESDAY)) for other in others] == [1, 1, 0]
        assert "confirm" not in str([one.can for one in waiting_for(asker, TUESDAY)]).lower()


class TestOnePerson:
    def test_lifts_a_bounce_with_a_reason(self, client: Client) -> None:
        row = stop(ADA, SuppressionReason.NO_SUCH_ADDRESS)
        sign_in(client, "sales_ops")
        answer = add(client, Lift, row, reason="Their server was down")
        assert answer["Location"] == reverse("admin:compliance_suppression_change", args=[row.pk])
        assert not stopped(ADA)
        assert "Their server was down" in open_row(client, Lift.objects.get())

    def test_lifts_no_opt_out_and_says_what_it_takes(self, client: Client) -> None:
        row = stop()
        sign_in(client, "sales_ops")
        assert "takes an opt-in of the person and two people" in text(add(client, Lift, row))
        assert stopped(ADA)

    def test_lifts_nothing_without_a_reason(self, client: Client) -> None:
        row = stop(ADA, SuppressionReason.BY_HAND)
        sign_in(client, "sales_ops")
        assert add(client, Lift, row, reason="  ").status_code == 200
        assert stopped(ADA)


@pytest.mark.parametrize("model", [OptIn, LiftRequest, Lift])
def test_each_list_opens(client: Client, model: Any) -> None:
    row, opt_in = stop(), opted_in()
    sign_in(client, "legal")
    ask(client, row, opt_in)
    add(client, Lift, stop("bob@valves.example.com", SuppressionReason.BY_HAND), reason="A mistake")
    assert client.get(page(model, "changelist")).context["cl"].result_count == 1


def test_nothing_said_in_the_log_names_anybody(client: Client) -> None:
    row = stop_domain("valves.example.com")
    sign_in(client, "legal")
    record(client)
    add(client, Lift, row)
    assert "ada@" not in str([*AuditEntry.objects.values(), *OptIn.objects.values()])
