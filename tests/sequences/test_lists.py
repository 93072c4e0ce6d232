"""Loading, signing and withdrawing lists: rows are bound one by one to what the CRO signed (spec I4; LAW APR-03)."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance import audit
from compliance.acts import Consent, offers
from compliance.refusals import Refused
from compliance.transitions import NotPermitted
from sequences import lists, planner
from sequences.models import (
    Account,
    Contact,
    Enrollment,
    ExitReason,
    ListRow,
    Mailbox,
    OutboundMessage,
    RecipientList,
    Signature,
)
from tests.cast import TUESDAY, WORDING
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    RecipientListFactory,
    UserFactory,
    approved_sequence,
    drafted_sequence,
    having_read,
    signed_text,
    submitted_list,
)
from tests.sequences.campaign import opt_out, passage, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

DAY = timedelta(days=1)
State = RecipientList.State


def loaded(people: int = 3) -> RecipientList:
    """A list before the CRO, with a mailbox to send from."""
    MailboxFactory()
    return submitted_list(TUESDAY, ContactFactory.create_batch(people), approved_sequence(TUESDAY, steps=1))


def sign(row: RecipientList, by: User | None = None, digest: str = "") -> RecipientList:
    fresh = RecipientList.objects.get(pk=row.pk)
    who = by or UserFactory(role="cro")
    return lists.sign(fresh, by=who, at=TUESDAY, consent=having_read(fresh, who, TUESDAY, "Fine.", digest))


def codes_of(row: RecipientList, by: User | None = None, digest: str = "") -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        sign(row, by, digest)
    return refused.value.codes


def add(row: RecipientList, contact: Contact, by: User | None = None) -> int:
    return lists.add(row, [(contact, "trade_fair", "consent")], by=by or row.author, at=TUESDAY)


class TestLoading:
    def test_a_person_stands_on_a_list_once(self) -> None:
        row, contact = RecipientListFactory(sequence_version=approved_sequence(TUESDAY)), ContactFactory()
        assert [add(row, contact), add(row, contact)] == [1, 0]

    @pytest.mark.parametrize("state", [State.SUBMITTED, State.REJECTED, State.WITHDRAWN])
    def test_nothing_is_added_to_a_list_that_is_not_open(self, state: str) -> None:
        row = RecipientListFactory(sequence_version=approved_sequence(TUESDAY), state=state)
        with pytest.raises(Refused) as refused:
            add(row, ContactFactory())
        assert refused.value.codes == ("list_closed",)

    def test_an_empty_list_is_not_submitted(self) -> None:
        row = RecipientListFactory(sequence_version=approved_sequence(TUESDAY))
        with pytest.raises(Refused) as refused:
            lists.submit(row, by=row.author, at=TUESDAY, consent=Consent())
        assert refused.value.codes == ("empty_list",)

    def test_a_list_for_an_unsigned_sequence_is_not_submitted(self) -> None:
        row = RecipientListFactory(sequence_version=drafted_sequence(TUESDAY))
        add(row, ContactFactory())
        with pytest.raises(Refused) as refused:
            lists.submit(row, by=row.author, at=TUESDAY, consent=Consent())
        assert refused.value.codes == ("sequence_not_approved",)

    def test_the_order_of_rows_does_not_matter_to_the_digest(self) -> None:
        version, people = approved_sequence(TUESDAY, steps=1), ContactFactory.create_batch(3)
        one, other = (RecipientListFactory(sequence_version=version) for _list in range(2))
        for contact in people:
            add(one, contact)
        for contact in reversed(people):
            add(other, contact)
        assert lists.digest_now(one) == lists.digest_now(other)

    def test_looking_ahead_says_why_not_and_reserves_nothing(self) -> None:
        row = loaded()
        opt_out(Contact.objects.order_by("pk")[0].address)
        ahead = lists.look_ahead(row, TUESDAY)
        assert (ahead.rows, len(ahead.permitted), ahead.refused) == (3, 2, {"suppressed": 1})


class TestSigning:
    def test_everybody_whom_the_door_does_not_refuse_enters(self) -> None:
        row = loaded()
        opt_out(Contact.objects.order_by("pk")[0].address)
        Contact.objects.filter(pk=Contact.objects.order_by("pk")[1].pk).update(first_name="")
        MailboxFactory()
        row = resubmitted(row)
        sign(row)
        assert Enrollment.objects.count() == 1

    def test_each_row_is_signed_as_it_stands(self) -> None:
        row = sign(loaded())
        assert lists.unsigned(row, TUESDAY) == []
        assert Signature.objects.get(subject=audit.reference(row)).digest == row.digest

    def test_who_loaded_it_does_not_sign_it(self) -> None:
        row = loaded()
        chief = UserFactory(is_superuser=True)
        RecipientList.objects.update(author=chief)
        assert codes_of(row, chief) == ("author_signs",)

    def test_who_put_a_single_person_on_it_does_not_sign_it(self) -> None:
        MailboxFactory()
        row, cro = RecipientListFactory(sequence_version=approved_sequence(TUESDAY, steps=1)), UserFactory(role="cro")
        add(row, ContactFactory(), by=cro)
        lists.submit(row, by=row.author, at=TUESDAY, consent=Consent())
        assert codes_of(row, cro) == ("author_signs",)

    def test_neither_does_their_second_account(self) -> None:
        row = loaded()
        row.author.email = "sam@ours.example.com"
        row.author.save()
        assert codes_of(row, UserFactory(role="cro", email="Sam+cro@ours.example.com")) == ("author_signs",)

    @pytest.mark.parametrize("role", ["cmo", "sales_ops", "legal"])
    def test_nobody_but_the_cro_signs(self, role: str) -> None:
        row = loaded()
        with pytest.raises(NotPermitted):
            sign(row, UserFactory(role=role))

    def test_a_person_changed_after_submission_is_noticed(self) -> None:
        row = loaded()
        Account.objects.update(name="Another Ltd")
        assert codes_of(row) == ("changed_since",)

    def test_another_digest_than_the_one_shown_is_not_signed(self) -> None:
        assert codes_of(loaded(), digest="0" * 64) == ("digest_differs",)

    def test_without_a_mailbox_nothing_is_signed(self) -> None:
        row = loaded()
        Mailbox.objects.all().delete()
        assert codes_of(row) == ("no_mailbox",)
        assert not Signature.objects.filter(step="recipients").exists()

    def test_the_log_counts_who_entered_and_who_is_elsewhere(self) -> None:
        row = loaded()
        sign(row)
        other = submitted_list(TUESDAY, list(Contact.objects.order_by("pk")), approved_sequence(TUESDAY, steps=1))
        sign(other)
        assert logged(other) == {"enrollments": 0, "elsewhere": 3}

    def test_three_times_the_people_take_no_more_queries(self) -> None:
        assert queries_to_sign(12) <= queries_to_sign(4) + 2


class TestChanges:
    def test_a_changed_row_is_held_alone_and_the_others_go(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port, people=3)
            Account.objects.filter(pk=Account.objects.order_by("pk")[1].pk).update(name="Renamed Ltd")
            assert play() == {"accepted": 2}
        (held,) = OutboundMessage.objects.filter(state=OutboundMessage.State.PLANNED)
        assert held.reason == "row_changed"

    def test_signing_the_change_releases_it_at_once(self) -> None:
        with ScriptedServer() as server:
            row = under_way(server.port)
            Account.objects.update(name="Renamed Ltd")
            play()
            sign(row)
            assert play() == {"accepted": 1}

    def test_a_value_behind_a_default_is_signed_as_well(self) -> None:
        row = sign(with_default())
        Contact.objects.update(title="Countess")
        assert len(lists.unsigned(row, TUESDAY)) == 1

    def test_a_value_that_no_text_uses_may_change(self) -> None:
        row = sign(loaded())
        Contact.objects.update(last_name="Lovelace", city="London")
        assert lists.unsigned(row, TUESDAY) == []

    def test_an_added_row_waits_for_its_signature(self) -> None:
        row = sign(loaded())
        add(row, ContactFactory())
        assert len(lists.unsigned(row, TUESDAY)) == 1
        assert Enrollment.objects.count() == 3

    def test_signing_the_addition_lets_it_enter_and_nobody_twice(self) -> None:
        row = sign(loaded())
        add(row, ContactFactory())
        sign(row)
        assert Enrollment.objects.count() == 4

    def test_with_nothing_new_there_is_nothing_to_sign(self) -> None:
        assert codes_of(sign(loaded())) == ("nothing_changed",)

    def test_who_added_a_row_does_not_sign_it(self) -> None:
        row, cro = sign(loaded()), UserFactory(role="cro")
        add(row, ContactFactory(), by=cro)
        assert codes_of(row, cro) == ("author_signs",)

    def test_rows_added_since_the_page_was_shown_are_not_signed_unseen(self) -> None:
        row = sign(loaded())
        add(row, ContactFactory())
        shown = lists.digest_now(row)
        add(row, ContactFactory())
        assert codes_of(row, digest=shown) == ("digest_differs",)

    def test_a_person_taken_off_is_skipped_and_the_others_go(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port, people=3)
            planner.plan_round(TUESDAY)
            first = ListRow.objects.order_by("pk")[0]
            assert lists.take_off([first], by=UserFactory(role="sales_ops"), at=TUESDAY) == 1
            assert play() == {"accepted": 2, "refused": 1}
        assert Enrollment.objects.get(row=first).exit_reason == ExitReason.REMOVED

    def test_who_may_not_withdraw_a_list_takes_nobody_off(self) -> None:
        under_way()
        with pytest.raises(NotPermitted):
            lists.take_off(list(ListRow.objects.all()), by=UserFactory(role="content"), at=TUESDAY)


class TestWithdrawing:
    def test_it_binds_the_next_clearance(self) -> None:
        with ScriptedServer() as server:
            row = under_way(server.port)
            planner.plan_round(TUESDAY)
            lists.withdraw(row, by=UserFactory(role="cro"), at=TUESDAY, consent=Consent("Wrong people."))
            assert play() == {"refused": 1}
        assert server.messages == []
        assert passage().exit_reason == ExitReason.LIST_WITHDRAWN

    def test_a_draft_may_be_withdrawn_too(self) -> None:
        row = RecipientListFactory(sequence_version=approved_sequence(TUESDAY))
        withdrawn = lists.withdraw(row, by=UserFactory(role="legal"), at=TUESDAY, consent=Consent("Not this year."))
        assert withdrawn.state == State.WITHDRAWN

    def test_who_may_do_what_is_offered_on_the_page(self) -> None:
        row = loaded()
        shown = {offer.act.arrow: offer.open for offer in offers(row, lists.ACTS, UserFactory(role="cro"))}
        assert shown == {"submit": False, "sign": True, "sign_changes": False, "reject": True, "withdraw": True}


def logged(row: RecipientList) -> dict[str, int]:
    """What the log says about the last signature of a list."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT data FROM compliance_auditentry WHERE verb = %s AND subject = %s ORDER BY id DESC",
            ["sequences.recipientlist.enrolled", audit.reference(row)],
        )
        found = cursor.fetchone()[0]
    return dict(json.loads(found) if isinstance(found, str) else found)


def resubmitted(row: RecipientList) -> RecipientList:
    """A list like it, loaded anew with its people as they are now."""
    people = list(Contact.objects.filter(list_rows__recipient_list=row).order_by("pk"))
    return submitted_list(TUESDAY, people, row.sequence_version)


def with_default() -> RecipientList:
    MailboxFactory()
    body = WORDING["body"].replace("Hi ", 'Hi {{ contact.title | default: "dear" }} ')
    version = approved_sequence(TUESDAY, texts=[signed_text(TUESDAY, body=body)])
    return submitted_list(TUESDAY, [ContactFactory()], version)


def queries_to_sign(people: int) -> int:
    row = loaded(people)
    cro = UserFactory(role="cro")
    with CaptureQueriesContext(connection) as queries:
        sign(row, cro)
    return len(queries)
