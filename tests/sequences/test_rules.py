"""Every reason of this floor why a message may not go: it permits, it stands in the way, it says what it looked at."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from compliance.acts import Consent
from compliance.clearance import Ruling, Verdict, preview
from compliance.principals import SYSTEM
from sequences import approval, asks, lists, mailboxes, wording
from sequences.models import (
    Account,
    Contact,
    Enrollment,
    ListRow,
    Mailbox,
    RecipientList,
    SequenceVersion,
    Step,
    TemplateVersion,
)
from tests.cast import TUESDAY
from tests.factories import TemplateVersionFactory, UserFactory, having_read, playbook_loaded
from tests.sequences.campaign import under_way

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Change = Callable[[], Any]


def ruling(at: Any = TUESDAY) -> Ruling:
    """What the door would say of the one enrollment's next step."""
    (found,) = preview([asks.for_step(Enrollment.objects.get())], at)
    return found


def verdict(rule: str, at: Any = TUESDAY) -> Verdict:
    (found,) = [one for one in ruling(at).verdicts if one.rule == rule]
    return found


def end_passage() -> None:
    # The state of a passage as another worker may have left it.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sequences_enrollment SET state = 'exited', exit_reason = 'removed'")


def raw(table: str, change: str) -> Change:
    """A change past every verb."""

    def done() -> None:
        with connection.cursor() as cursor:
            cursor.execute(" ".join(["UPDATE", f"sequences_{table}", "SET", change]))

    return done


def test_a_message_with_nothing_against_it_may_go() -> None:
    under_way()
    assert ruling().permitted
    assert {one.outcome for one in ruling().verdicts} == {"permit"}


@pytest.mark.parametrize(
    ("change", "rule", "code", "outcome", "ends"),
    [
        (raw("mailbox", "state = 'stopped'"), "MailboxRuns", "mailbox_stopped", "defer", False),
        (raw("recipientlist", "state = 'withdrawn'"), "EnrollmentIsOpen", "list_withdrawn", "refuse", True),
        (raw("listrow", "removed_at = '2026-11-17'"), "EnrollmentIsOpen", "removed_from_list", "refuse", True),
        (end_passage, "EnrollmentIsOpen", "enrollment_ended", "refuse", False),
        (raw("templateversion", "state = 'rejected'"), "WordingIsSigned", "text_not_loaded", "defer", False),
        (raw("templateversion", "subject = 'Buy'"), "WordingIsSigned", "text_changed", "defer", False),
        (raw("sequenceversion", "state = 'rejected'"), "SequenceIsSigned", "sequence_not_approved", "defer", False),
        (raw("step", "wait_days = 3"), "SequenceIsSigned", "sequence_changed", "defer", False),
        (raw("listrow", "signed_leaf = ''"), "RowIsSigned", "row_not_signed", "defer", False),
        (raw("recipientlist", "state = 'submitted'"), "RowIsSigned", "row_not_signed", "defer", False),
        (raw("account", "name = 'Another Ltd'"), "RowIsSigned", "row_changed", "defer", False),
        (raw("contact", "country = 'FR'"), "RowIsSigned", "row_changed", "defer", False),
        (raw("listrow", "basis = 'contract'"), "RowIsSigned", "row_changed", "defer", False),
        (raw("listrow", "source = 'newsletter'"), "RowIsSigned", "row_changed", "defer", False),
        (raw("contact", "first_name = ''"), "ValuesPresent", "missing_value", "refuse", True),
        (raw("contact", "first_name = '   '"), "ValuesPresent", "missing_value", "refuse", True),
    ],
)
def test_each_change_stands_in_the_way_with_its_code(
    change: Change, rule: str, code: str, outcome: str, ends: bool
) -> None:
    under_way()
    change()
    found = verdict(rule)
    assert (found.code, found.outcome, found.ends) == (code, outcome, ends)


class TestWhatIsLookedAt:
    def test_a_missing_value_is_named(self) -> None:
        under_way()
        Contact.objects.update(first_name="")
        Account.objects.update(industry=" ")
        assert verdict("ValuesPresent").why == {"missing": ["account.industry", "contact.first_name"]}

    def test_a_changed_row_shows_both_digests(self) -> None:
        under_way()
        signed = ListRow.objects.get().signed_leaf
        Account.objects.update(name="Another Ltd")
        why = verdict("RowIsSigned").why
        assert why["signed"] == signed != why["now"]

    def test_no_verdict_holds_an_address_or_a_name(self) -> None:
        under_way()
        contact = Contact.objects.get()
        said = str([one.why for one in ruling().verdicts])
        assert contact.address not in said
        assert contact.last_name not in said


class TestMailboxRuns:
    def test_a_started_one_may_send_again(self) -> None:
        under_way()
        mailbox, staff = Mailbox.objects.get(), UserFactory(role="sales_ops")
        stopped = mailboxes.stop(mailbox, by=SYSTEM, at=TUESDAY, consent=Consent("login_refused: 535"))
        assert verdict("MailboxRuns").until == TUESDAY + HOUR
        mailboxes.start(stopped, by=staff, at=TUESDAY, consent=Consent("Explained."))
        assert ruling().permitted


class TestEnrollmentIsOpen:
    def test_a_step_that_is_not_the_next_one_is_refused(self) -> None:
        under_way(steps=2)
        row = Enrollment.objects.get()
        ask = asks.for_step(row)
        Enrollment.objects.update(next_step=2)
        (found,) = preview([ask], TUESDAY)
        assert (found.code, found.decisive.ends) == ("not_the_next_step", False)


class TestWordingIsSigned:
    def test_a_signature_on_other_words_is_none(self) -> None:
        under_way()
        raw("templateversion", "subject = 'Buy', digest = 'x'")()
        assert verdict("WordingIsSigned").code == "text_changed"

    def test_words_and_digest_changed_together_still_lack_their_signatures(self) -> None:
        under_way()
        version = TemplateVersion.objects.get()
        version.subject = "Buy"
        digest = wording.digest_of(version)
        TemplateVersion.objects.update(subject="Buy", digest=digest)
        assert verdict("WordingIsSigned").code == "text_not_signed"

    @pytest.mark.parametrize(
        ("small", "people", "code"),
        [(False, 2, "text_signed_by_too_few"), (True, 2, ""), (True, 1, "text_signed_by_too_few"), (False, 3, "")],
    )
    def test_so_many_different_people_must_have_signed(self, small: bool, people: int, code: str) -> None:
        under_way()
        resigned_by(people)
        with override_settings(SMALL_TEAM=small):
            assert verdict("WordingIsSigned").code == code


class TestRowIsSigned:
    def test_an_address_that_is_not_the_cards_is_held(self) -> None:
        under_way()
        Contact.objects.update(address="somebody.else@pumps.example.com")
        sign_as_it_stands()
        assert verdict("RowIsSigned").code == "address_without_card"

    def test_another_spelling_of_the_address_keeps_its_card(self) -> None:
        under_way()
        Contact.objects.update(address=Contact.objects.get().address.upper())
        sign_as_it_stands()
        assert verdict("RowIsSigned").code == ""

    def test_what_was_asked_about_must_still_be_so(self) -> None:
        under_way()
        ask = asks.for_step(Enrollment.objects.select_related("contact__account").get())
        Contact.objects.update(last_name="Lovelace")
        (found,) = preview([ask], TUESDAY)
        assert (found.code, found.decisive.until) == ("changed_meanwhile", TUESDAY + timedelta(minutes=1))


class TestWithinWindow:
    @pytest.mark.parametrize(
        ("at", "until"),
        [
            (TUESDAY + 10 * HOUR, TUESDAY + 21 * HOUR),
            (TUESDAY - 5 * HOUR, TUESDAY - 3 * HOUR),
            (TUESDAY + 4 * DAY, TUESDAY + 6 * DAY - 3 * HOUR),
        ],
        ids=["evening", "night", "weekend"],
    )
    def test_out_of_hours_it_waits_for_the_next_opening(self, at: Any, until: Any) -> None:
        under_way()
        assert (verdict("WithinWindow", at).code, verdict("WithinWindow", at).until) == ("outside_window", until)

    def test_the_hours_are_those_of_the_recipient(self) -> None:
        under_way()
        Contact.objects.update(zone="America/New_York", country="US")
        assert verdict("WithinWindow").until == TUESDAY + 3 * HOUR

    def test_a_holiday_is_no_working_day(self) -> None:
        under_way()
        christmas = TUESDAY.replace(month=12, day=25)
        assert verdict("WithinWindow", christmas).until == christmas + 3 * DAY - 3 * HOUR

    def test_where_no_hour_is_ever_open_it_is_held(self) -> None:
        under_way()
        playbook_loaded(sequences={"windows": [{"days": ["sun"], "opens": "02:00", "closes": "02:01"}]})
        Contact.objects.update(zone="Europe/Berlin", country="DE")
        assert verdict("WithinWindow").outcome == "defer"

    def test_the_windows_are_read_once_for_a_batch(self) -> None:
        under_way(people=6)
        rows = [asks.for_step(row) for row in Enrollment.objects.all()]
        counts = [len(queries_of(rows[:some])) for some in (2, 6)]
        assert counts[0] == counts[1]


class TestAListRow:
    """Before anything is planned, what concerns a step says nothing."""

    def test_hours_steps_and_signatures_of_rows_are_not_asked(self) -> None:
        under_way()
        row, version = ListRow.objects.get(), SequenceVersion.objects.get()
        ListRow.objects.update(signed_leaf="")
        (found,) = preview([asks.for_row(row, version)], TUESDAY + 10 * HOUR)
        assert found.permitted

    def test_missing_values_are(self) -> None:
        under_way()
        Contact.objects.update(first_name="")
        (found,) = preview([asks.for_row(ListRow.objects.get(), SequenceVersion.objects.get())], TUESDAY)
        assert found.code == "missing_value"


def resigned_by(people: int) -> None:
    """A sequence of another text, with signatures by so many people written past the verbs."""
    text = TemplateVersionFactory()
    TemplateVersion.objects.filter(pk=text.pk).update(digest=wording.digest_of(text))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sequences_templateversion SET state = 'loaded' WHERE id = %s", [text.pk])
    Step.objects.update(template_version=text)
    text = TemplateVersion.objects.get(pk=text.pk)
    signers = [UserFactory(roles=["cmo", "cro", "sales_ops"]) for _person in range(people)]
    for number, step in enumerate(approval.TEXT_STEPS):
        signer = signers[min(number, people - 1)]
        approval.write_signature(text, step, text.digest, by=signer, at=TUESDAY, comment="")


def sign_as_it_stands() -> None:
    row = RecipientList.objects.get()
    cro = UserFactory(role="cro")
    lists.sign(row, by=cro, at=TUESDAY, consent=having_read(row, cro, TUESDAY))


def queries_of(batch: list[Any]) -> list[Any]:
    with CaptureQueriesContext(connection) as queries:
        preview(batch, TUESDAY)
    return list(queries)
