"""A list that waits for the CRO, or runs, can be corrected without starting over, and never behind the CRO's back."""

import pytest
from django.test import Client
from django.urls import reverse

from compliance.acts import Consent, perform
from compliance.refusals import Refused
from sequences import enrollment, lists
from sequences.models import Contact, Enrollment, ExitReason, ListRow, RecipientList
from tests.cast import TUESDAY
from tests.desk import sign_in
from tests.factories import ContactFactory, MailboxFactory, UserFactory, having_read, running_list, submitted_list

pytestmark = pytest.mark.django_db
SUBMIT = next(act for act in lists.ACTS if act.arrow == "submit")
SIGN = next(act for act in lists.ACTS if act.arrow == "sign")


def _submit_again(row: RecipientList) -> None:
    perform(row, SUBMIT, by=UserFactory(role="sales_ops"), at=TUESDAY, consent=Consent())


def _signed_by_cro(row: RecipientList) -> RecipientList:
    fresh = RecipientList.objects.get(pk=row.pk)
    cro = UserFactory(role="cro")
    perform(fresh, SIGN, by=cro, at=TUESDAY, consent=having_read(fresh, cro, TUESDAY))
    return RecipientList.objects.get(pk=row.pk)


class TestWhileItWaits:
    def test_it_is_not_submitted_twice_for_nothing(self) -> None:
        with pytest.raises(Refused) as refused:
            _submit_again(submitted_list(TUESDAY, [ContactFactory()]))
        assert refused.value.codes == ("nothing_changed",)

    def test_a_changed_person_is_signed_after_it_was_submitted_again(self) -> None:
        MailboxFactory()
        contact = ContactFactory()
        row = submitted_list(TUESDAY, [contact])
        Contact.objects.filter(pk=contact.pk).update(first_name="Renamed")
        with pytest.raises(Refused):
            _signed_by_cro(row)
        _submit_again(row)
        assert _signed_by_cro(row).state == RecipientList.State.RUNNING

    def test_who_was_taken_off_is_not_enrolled(self) -> None:
        MailboxFactory()
        stays, goes = ContactFactory(), ContactFactory()
        row = submitted_list(TUESDAY, [stays, goes])
        lists.take_off(list(ListRow.objects.filter(contact=goes)), by=row.author, at=TUESDAY)
        _submit_again(row)
        _signed_by_cro(row)
        assert [one.contact_id for one in Enrollment.objects.all()] == [stays.pk]


class TestWhileItRuns:
    def test_the_passage_of_who_was_taken_off_ends_with_the_next_sweep(self) -> None:
        row = running_list(TUESDAY, [ContactFactory()])
        assert lists.take_off(list(row.rows.all()), by=row.author, at=TUESDAY) == 1
        enrollment.exit_round(TUESDAY)
        assert Enrollment.objects.get().exit_reason == ExitReason.REMOVED

    def test_taking_somebody_off_twice_changes_nothing(self) -> None:
        row = running_list(TUESDAY, [ContactFactory()])
        lists.take_off(list(row.rows.all()), by=row.author, at=TUESDAY)
        assert lists.take_off(list(row.rows.all()), by=row.author, at=TUESDAY) == 0


class TestInTheAdmin:
    def _take_off(self, client: Client, row: RecipientList) -> int:
        data = {"action": "take_off", "_selected_action": [one.pk for one in row.rows.all()]}
        return client.post(reverse("admin:sequences_listrow_changelist"), data).status_code

    def test_sales_ops_takes_people_off(self, client: Client) -> None:
        row = running_list(TUESDAY, [ContactFactory()])
        sign_in(client, "sales_ops")
        self._take_off(client, row)
        assert row.rows.filter(removed_at=None).count() == 0

    def test_content_may_not(self, client: Client) -> None:
        row = running_list(TUESDAY, [ContactFactory()])
        sign_in(client, "content")
        self._take_off(client, row)
        assert row.rows.filter(removed_at=None).count() == 1
