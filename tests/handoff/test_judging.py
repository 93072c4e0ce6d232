"""What was judged and what was heard is written down once, by whoever may, and with evidence."""

from datetime import date, timedelta
from typing import Any

import pytest

from compliance.models import AuditEntry
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refused
from handoff import criteria, judging
from handoff.judging import Heard, Judgement
from handoff.models import Finding, Intent, Lead, Signal
from handoff.roles import ROLES
from sequences.models import Contact
from tests.cast import TUESDAY
from tests.factories import AccountFactory, ContactFactory, UserFactory, card_of, playbook_loaded
from tests.handoff.climbing import EVIDENCE, fit, heard, lead_of

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
WRITERS = {"content", "cro", "sales_ops", "rep"}


@pytest.fixture(autouse=True)
def _a_playbook() -> None:
    playbook_loaded()


def judge(contact: Contact, key: str = "G1", *, by: Principal = SYSTEM, **more: Any) -> Finding:
    said = Judgement(**{"criterion": key, "holds": True, "evidence": EVIDENCE, **more})
    return judging.judge(contact, said, by=by, at=TUESDAY)


def hear(contact: Contact, *, by: Principal = SYSTEM, **more: Any) -> Signal | None:
    said: dict[str, Any] = {"kind": "E5", "happened_at": TUESDAY, "source": "website", "reference": "1", **more}
    return judging.hear(contact, Heard(**said), by=by, at=TUESDAY)


def codes(*, judged: Any = None, heard: Any = None) -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        _ = hear(ContactFactory(), **heard) if judged is None else judge(ContactFactory(), **judged)
    return refused.value.codes


class TestJudging:
    def test_a_gate_is_the_companys(self) -> None:
        contact = ContactFactory()
        row = judge(contact)
        assert (row.account, row.contact, row.by, row.at) == (contact.account, None, "system", TUESDAY)

    def test_what_is_judged_of_the_person_is_theirs(self) -> None:
        contact = ContactFactory()
        row = judge(contact, "S5")
        assert (row.account, row.contact) == (None, contact)

    def test_it_holds_as_long_as_the_playbook_says(self) -> None:
        assert judge(ContactFactory()).valid_until == (TUESDAY + 365 * DAY).date()

    @pytest.mark.parametrize(
        ("named", "until"), [(date(2026, 12, 1), date(2026, 12, 1)), (date(2030, 1, 1), date(2027, 11, 17))]
    )
    def test_whoever_judges_may_shorten_that(self, named: date, until: date) -> None:
        assert judge(ContactFactory(), valid_until=named).valid_until == until

    def test_the_log_says_who_and_what(self) -> None:
        by = UserFactory(role="sales_ops")
        row = judge(ContactFactory(), by=by)
        entry = AuditEntry.objects.get(verb="handoff.finding.judged")
        assert (entry.actor, entry.subject, entry.data["criterion"]) == (
            f"user:{by.pk}",
            f"handoff.finding:{row.pk}",
            "G1",
        )

    @pytest.mark.parametrize("evidence", ["", "  \n"])
    def test_evidence_is_needed(self, evidence: str) -> None:
        assert codes(judged={"evidence": evidence}) == ("no_evidence",)

    @pytest.mark.parametrize("key", ["G6", "E1", "", "g1", "x" * 5000])
    def test_only_what_is_asked_is_judged(self, key: str) -> None:
        assert codes(judged={"key": key}) == ("unknown_criterion",)

    @pytest.mark.parametrize("value", ["", "0", "4", "one"])
    def test_a_company_fits_as_1_2_or_3(self, value: str) -> None:
        assert codes(judged={"key": "ICP", "value": value}) == ("unknown_tier",)

    def test_a_company_that_does_not_fit_has_no_tier(self) -> None:
        assert not judge(ContactFactory(), "ICP", holds=False).holds

    def test_nothing_is_judged_of_a_company_that_nobody_knows(self) -> None:
        with pytest.raises(Refused) as refused:
            judge(ContactFactory(account=None))
        assert refused.value.codes == ("no_company",)

    def test_long_texts_are_cut(self) -> None:
        row = judge(ContactFactory(), evidence="x" * 10_000, value="y" * 10_000)
        assert (len(row.evidence), len(row.value)) == (500, 200)


class TestHearing:
    def test_it_is_kept_with_what_it_says_about_wanting_to_buy(self) -> None:
        row = hear(ContactFactory(), kind="E7")
        assert row
        assert (row.kind, row.intent, row.discounted) == ("E7", Intent.HIGH, "")

    def test_whoever_heard_may_know_better(self) -> None:
        row = hear(ContactFactory(), kind="E1", intent=Intent.HIGH)
        assert row
        assert row.intent == Intent.HIGH

    def test_the_same_is_heard_once(self) -> None:
        contact = ContactFactory()
        assert [bool(hear(contact)) for _time in range(3)] == [True, False, False]
        assert AuditEntry.objects.filter(verb="handoff.signal.heard").count() == 1

    def test_the_same_reference_of_another_source_is_another_one(self) -> None:
        hear(ContactFactory())
        assert hear(ContactFactory(), source="crm")

    @pytest.mark.parametrize("missing", [{"source": " "}, {"reference": ""}])
    def test_it_says_by_what_it_is_told_from_others(self, missing: Any) -> None:
        assert codes(heard=missing) == ("no_reference",)

    @pytest.mark.parametrize("kind", ["E0", "E8", "G1", "", "x" * 5000])
    def test_only_known_signals_are_heard(self, kind: str) -> None:
        assert codes(heard={"kind": kind}) == ("unknown_signal",)

    def test_what_has_not_happened_is_not_heard(self) -> None:
        assert codes(heard={"happened_at": TUESDAY + DAY}) == ("in_the_future",)

    def test_a_clock_a_little_ahead_is_set_right(self) -> None:
        row = hear(ContactFactory(), happened_at=TUESDAY + timedelta(minutes=4))
        assert row
        assert row.happened_at == TUESDAY

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            ("ada@gmail.com", "free_mail"),
            ("ada@GMX.de", "free_mail"),
            ("info@pumps.example.com", "role_address"),
            ("ada@pumps.example.com", ""),
        ],
    )
    def test_one_of_a_free_mail_or_role_address_is_marked(self, address: str, why: str) -> None:
        row = hear(ContactFactory(address=address, card=card_of(address)))
        assert row
        assert row.discounted == why


class TestWhoMay:
    @pytest.mark.parametrize("role", ROLES)
    def test_only_those_who_see_it_write_it_down(self, role: str) -> None:
        by, contact = UserFactory(role=role), ContactFactory()
        may = {not judging.against_judging(contact, Judgement("G1", holds=True, evidence=EVIDENCE), by)}
        may.add(not judging.against_hearing(Heard("E5", TUESDAY, "website", "1"), by, TUESDAY))
        assert may == {role in WRITERS}

    def test_whoever_has_left_does_not(self) -> None:
        with pytest.raises(Refused) as refused:
            hear(ContactFactory(), by=UserFactory(role="rep", is_active=False))
        assert refused.value.codes == ("not_permitted",)

    def test_everything_that_is_wrong_is_said_at_once(self) -> None:
        with pytest.raises(Refused) as refused:
            hear(ContactFactory(), by=UserFactory(role="legal"), kind="E9", source="")
        assert refused.value.codes == ("not_permitted", "unknown_signal", "no_reference")


class TestWhatFollows:
    def seen(self, *leads: Lead) -> None:
        Lead.objects.filter(pk__in=[lead.pk for lead in leads]).update(judged_at=TUESDAY)

    def waiting(self) -> set[int]:
        return set(Lead.objects.filter(judged_at__isnull=True).values_list("pk", flat=True))

    def test_whoever_did_something_is_looked_at_again(self) -> None:
        lead, other = lead_of(), lead_of()
        self.seen(lead, other)
        heard(lead)
        assert self.waiting() == {lead.pk}

    def test_what_is_judged_of_a_company_has_everybody_in_it_looked_at(self) -> None:
        account = AccountFactory()
        leads = [lead_of(ContactFactory(account=account)) for _person in range(3)]
        self.seen(*leads, lead_of())
        judge(leads[0].contact, criteria.GATES[0])
        assert {lead.pk for lead in leads} <= self.waiting()

    def test_the_same_signal_again_has_nobody_looked_at(self) -> None:
        lead = fit(lead_of())
        heard(lead, reference="once")
        self.seen(lead)
        heard(lead, reference="once")
        assert self.waiting() == set()
