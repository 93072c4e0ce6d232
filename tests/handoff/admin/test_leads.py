"""A lead's page says where it stands, what it lacks before anybody presses a button, and how it came there."""

import html
from datetime import timedelta

import pytest
from django.db.models import Model
from django.test import Client

from compliance.audit import reference
from compliance.models import AuditEntry, PlaybookActivation
from handoff import criteria
from handoff.models import Briefing, Finding, Handoff, Lead, Proposal, Signal, Stage, StageMove, Task
from sequences.models import SequenceType
from tests.cast import TUESDAY
from tests.desk import open_row, page, sign_in, take
from tests.factories import AccountFactory, ContactFactory, UserFactory
from tests.handoff.climbing import at_stage, fit, heard, judged, lead_of, mql, offered
from tests.handoff.installation import HOSTILE

READERS = ["content", "cmo", "cro", "sales_ops", "rep", "legal", "chief_of_staff"]


def shown(client: Client, row: Lead) -> str:
    return html.unescape(open_row(client, row))


class TestPage:
    @pytest.mark.parametrize("role", READERS)
    def test_it_opens_for_every_role(self, client: Client, role: str) -> None:
        sign_in(client, role)
        assert "Where it stands" in shown(client, mql())

    @pytest.mark.parametrize("stage", Stage)
    def test_it_opens_at_every_stage(self, client: Client, stage: Stage) -> None:
        sign_in(client, "chief_of_staff")
        assert "Stage history" in shown(client, at_stage(stage))

    def test_it_names_every_gate_that_nobody_has_judged(self, client: Client) -> None:
        sign_in(client, "rep")
        assert shown(client, lead_of()).count("Nobody has judged this yet.") == 2 * len(criteria.GATES)

    def test_the_reasons_carry_their_codes(self, client: Client) -> None:
        sign_in(client, "sales_ops")
        lead = lead_of()
        judged(lead, ["G1"], holds=False)
        page_shown = shown(client, lead)
        assert 'data-code="gate_failed"' in page_shown
        assert 'data-code="no_signal"' in page_shown

    def test_nothing_missing_is_said_too(self, client: Client) -> None:
        sign_in(client, "rep")
        assert "Nothing is missing" in shown(client, fit(lead_of()))

    def test_a_finding_shows_its_value_its_evidence_and_until_when(self, client: Client) -> None:
        lead = lead_of()
        judged(lead, ["G1"], value="240 people")
        sign_in(client, "rep")
        page_shown = shown(client, lead)
        assert "240 people" in page_shown
        assert "https://customer.example/partners" in page_shown
        assert "holds until 17 Nov 2027" in page_shown

    def test_a_lapsed_finding_is_called_so(self, client: Client) -> None:
        lead = lead_of()
        judged(lead, ["G1"], at=TUESDAY - timedelta(days=400))
        sign_in(client, "rep")
        assert '<span class="ho-badge ho-wait">lapsed</span>' in shown(client, lead)

    def test_an_old_signal_says_why_it_does_not_count(self, client: Client) -> None:
        lead = lead_of()
        heard(lead, at=TUESDAY - timedelta(days=100))
        sign_in(client, "rep")
        assert "Older than 90 days" in shown(client, lead)

    def test_a_signal_from_a_free_mail_address_says_so(self, client: Client) -> None:
        lead = lead_of(ContactFactory(address="ada@gmail.com"))
        heard(lead)
        sign_in(client, "rep")
        assert "From a free-mail address" in shown(client, lead)

    def test_a_proposal_is_told_with_its_reason(self, client: Client) -> None:
        because = Proposal.Because.FEW_INDICATORS
        lead = mql()
        Proposal.objects.create(lead=lead, sequence_type=SequenceType.NURTURE, because=because, proposed_at=TUESDAY)
        sign_in(client, "rep")
        assert "too few indicators for an SQL, 17 Nov 2026" in shown(client, lead)

    def test_an_open_offer_is_shown_with_its_clock(self, client: Client) -> None:
        lead = mql()
        offered(lead, UserFactory(role="rep", first_name="Rick", last_name="Halvorsen"))
        sign_in(client, "cro")
        page_shown = shown(client, lead)
        assert "It is offered to Rick Halvorsen." in page_shown
        assert "Offered, tier C" in page_shown

    def test_a_late_task_says_how_late(self, client: Client) -> None:
        lead = mql(at=TUESDAY - timedelta(days=14))
        sign_in(client, "cro")
        assert "overdue for" in shown(client, lead)

    def test_somebody_silent_for_two_months_is_stale(self, client: Client) -> None:
        lead = mql(at=TUESDAY - timedelta(days=70))
        sign_in(client, "rep")
        assert "No signal for more than 60 days" in shown(client, lead)

    def test_hostile_words_are_only_words(self, client: Client) -> None:
        contact = ContactFactory(
            first_name=HOSTILE, last_name=HOSTILE, title=HOSTILE, account=AccountFactory(name=HOSTILE)
        )
        lead = lead_of(contact)
        judged(lead, ["G1"], value=HOSTILE)
        heard(lead, reference=HOSTILE)
        sign_in(client, "root")
        assert "<script>alert" not in open_row(client, lead)
        assert "<script>alert" not in client.get(page(Lead, "changelist")).content.decode()

    def test_without_a_playbook_it_says_so(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        lead = Lead.objects.create(contact=ContactFactory(), stage_since=TUESDAY, created_at=TUESDAY)
        monkeypatch.setattr("compliance.playbook._begun", PlaybookActivation.objects.none)
        sign_in(client, "rep")
        assert "There is no playbook" in shown(client, lead)


class TestHistory:
    def test_it_says_who_after_how_long_and_on_what_grounds(self, client: Client) -> None:
        sign_in(client, "chief_of_staff")
        page_shown = shown(client, mql(indicators=1)).replace("\xa0", " ")
        assert "Prospect → MQL" in page_shown
        assert "after 1 day as Prospect" in page_shown
        assert "E5 (2026-11-17)" in page_shown

    def test_what_was_said_stands_with_it(self, client: Client) -> None:
        sign_in(client, "chief_of_staff")
        assert "fewer spreadsheets" in shown(client, at_stage(Stage.ASSESSMENT_QUALIFIED))

    def test_a_moment_that_was_said_is_told_as_people_write_it(self, client: Client) -> None:
        sign_in(client, "chief_of_staff")
        assert "When the briefing is:</span> 20 Nov 2026, 10:02" in shown(client, at_stage(Stage.BRIEFING_READY))

    def test_a_change_has_a_page_of_its_own(self, client: Client) -> None:
        lead = mql()
        sign_in(client, "chief_of_staff")
        assert "On what grounds" in html.unescape(open_row(client, StageMove.objects.get(lead=lead)))

    def test_the_audit_trail_names_stages_and_reasons(self, client: Client) -> None:
        lead = mql()
        sign_in(client, "cro")
        take(client, lead, "disqualify", comment="Not ours.", **{"more-reason": "wrong_persona"})
        page_shown = shown(client, lead)
        assert "MQL → Disqualified" in page_shown
        assert "the wrong person" in page_shown


class TestActs:
    def test_the_cro_confirms_an_sql(self, client: Client) -> None:
        lead = mql(indicators=3)
        sign_in(client, "cro")
        take(client, lead, "confirm", comment="Seen on the call.")
        assert Lead.objects.get(pk=lead.pk).stage == Stage.SQL

    def test_a_refused_arrow_says_what_is_missing_and_keeps_what_was_typed(self, client: Client) -> None:
        lead = mql(indicators=2)
        sign_in(client, "cro")
        response = take(client, lead, "confirm", comment="Seen on the call.")
        assert response.status_code == 409
        assert "2 of 3 indicators are there" in html.unescape(response.content.decode())

    def test_a_rep_cannot_confirm(self, client: Client) -> None:
        lead = mql(indicators=3)
        sign_in(client, "rep")
        assert take(client, lead, "confirm", comment="I think so.").status_code == 409
        assert Lead.objects.get(pk=lead.pk).stage == Stage.MQL

    def test_a_briefing_is_booked_for_a_moment(self, client: Client) -> None:
        lead = at_stage(Stage.SQL)
        sign_in(client, "cro")
        take(client, lead, "book", **{"more-starts_at": "2026-11-20T10:00"})
        assert Lead.objects.get(pk=lead.pk).stage == Stage.BRIEFING_READY

    def test_a_moment_that_is_none_is_said_in_place(self, client: Client) -> None:
        lead = at_stage(Stage.SQL)
        sign_in(client, "cro")
        response = take(client, lead, "book", comment="On the phone.", **{"more-starts_at": "soon"})
        assert response.status_code == 409
        assert "On the phone." in response.content.decode()

    def test_whoever_it_was_offered_to_accepts_it(self, client: Client) -> None:
        lead, rep = mql(), sign_in(client, "rep")
        offered(lead, rep)
        take(client, lead, "accept")
        found = Lead.objects.get(pk=lead.pk)
        assert (found.stage, found.owner) == (Stage.SAL, rep)

    def test_what_needs_another_stage_is_told_last(self, client: Client) -> None:
        sign_in(client, "cro")
        page_shown = shown(client, mql(indicators=1))
        assert page_shown.index("indicators are there") < page_shown.index("Not from the state")


@pytest.mark.parametrize("model", [Briefing, Finding, Handoff, Lead, Signal, StageMove, Task])
def test_every_look_at_a_page_that_names_somebody_is_recorded(client: Client, model: type[Model]) -> None:
    offered(at_stage(Stage.BRIEFING_READY), UserFactory(role="rep"))
    sign_in(client, "chief_of_staff")
    client.get(page(model, "changelist"))
    row = model._default_manager.order_by("pk")[0]
    open_row(client, row)
    looks = AuditEntry.objects.filter(verb__startswith="personal.").order_by("pk")
    assert [(look.verb, look.subject) for look in looks] == [
        ("personal.listed", model._meta.label_lower),
        ("personal.viewed", reference(row)),
    ]
