"""Signatures age, and end with their signer's place on the staff (LAW APR-05; FT-64)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.clearance import preview
from compliance.refusals import Refused
from sequences import asks, lists, validity, wording
from sequences.models import Account, Enrollment, ListRow, OutboundMessage, RecipientList, Signature
from sequences.validity import ApprovalsError, check, standing, valid_for
from tests.cast import PLAYBOOK, TUESDAY
from tests.factories import ContactFactory, UserFactory, having_read, playbook_loaded
from tests.sequences.campaign import message, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

DAY = timedelta(days=1)
MONTH = 30 * DAY


def verdict(rule: str, at: Any = TUESDAY) -> str:
    """What one rule says of the one enrollment's next step."""
    (ruling,) = preview([asks.for_step(Enrollment.objects.get())], at)
    (found,) = [one for one in ruling.verdicts if one.rule == rule]
    return found.code


def sign_again(at: Any, by: User | None = None) -> RecipientList:
    row = RecipientList.objects.get()
    who = by or UserFactory(role="cro")
    return lists.sign(row, by=who, at=at, consent=having_read(row, who, at, "Still ours."))


def signer(step: str) -> User:
    return User.objects.get(pk=Signature.objects.filter(step=step).latest("at", "pk").signer_id)


def leaves_the_staff(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def loses_the_role(user: User) -> None:
    user.groups.clear()


def role_loses_the_permission(user: User) -> None:
    for group in user.groups.all():
        group.permissions.clear()


class TestAge:
    def test_a_signature_holds_for_thirty_days_and_not_a_moment_longer(self) -> None:
        under_way()
        assert verdict("RowIsSigned", TUESDAY + MONTH - timedelta(microseconds=1)) == ""
        assert verdict("RowIsSigned", TUESDAY + MONTH) == "signature_aged"

    def test_a_row_signed_nobody_knows_when_is_too_old(self) -> None:
        under_way()
        ListRow.objects.update(signed_at=None)
        assert verdict("RowIsSigned") == "signature_aged"

    def test_what_waited_goes_when_the_cro_has_signed_again(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            later = TUESDAY + MONTH
            Enrollment.objects.update(due_at=later)
            assert play(later) == {}
            assert (message().state, message().reason) == (OutboundMessage.State.PLANNED, "signature_aged")
            sign_again(later + timedelta(hours=1))
            assert play(later + timedelta(hours=1)) == {"accepted": 1}

    def test_it_is_renewed_over_the_very_same_rows_by_the_same_person(self) -> None:
        under_way()
        first = Signature.objects.get(step=Signature.Step.RECIPIENTS)
        sign_again(TUESDAY + 25 * DAY, by=first.signer)
        both = Signature.objects.filter(step=Signature.Step.RECIPIENTS)
        assert {one.digest for one in both} == {first.digest}
        assert verdict("RowIsSigned", TUESDAY + 54 * DAY) == ""
        assert Enrollment.objects.count() == 1

    def test_it_may_be_renewed_in_its_last_week_and_not_before(self) -> None:
        under_way()
        with pytest.raises(Refused) as refused:
            sign_again(TUESDAY + 23 * DAY - timedelta(seconds=1))
        assert refused.value.codes == ("nothing_changed",)
        sign_again(TUESDAY + 23 * DAY)

    def test_one_signature_over_all_rows_renews_all_of_them(self) -> None:
        under_way(people=3)
        Account.objects.filter(contacts__list_rows=ListRow.objects.order_by("pk")[0]).update(name="Renamed Ltd")
        sign_again(TUESDAY + DAY)
        assert {row.signed_at for row in ListRow.objects.all()} == {TUESDAY + DAY}
        assert lists.signature_ends(RecipientList.objects.get()) == TUESDAY + DAY + MONTH

    def test_the_playbook_may_shorten_it(self) -> None:
        under_way()
        playbook_loaded(approvals={"valid_days": 5})
        assert verdict("RowIsSigned", TUESDAY + 5 * DAY) == "signature_aged"

    @pytest.mark.parametrize(
        ("section", "days"),
        [
            ({}, 30),
            ({"valid_days": 1}, 1),
            ({"valid_days": 60}, 30),
            ({"valid_days": 60, "because": "Long cycles."}, 60),
            ({"valid_days": 400, "because": "Never mind."}, 92),
        ],
    )
    def test_longer_needs_a_reason_and_has_an_end(self, section: dict[str, Any], days: int) -> None:
        playbook_loaded(approvals=section)
        assert valid_for() == days * DAY

    @pytest.mark.parametrize(
        ("section", "where"),
        [
            ({"valid_days": 60}, "approvals.because"),
            ({"valid_days": 60, "because": " "}, "approvals.because"),
            ({"valid_days": 93, "because": "Long."}, "approvals.valid_days"),
            ({"valid_days": 0}, "approvals.valid_days"),
            ({"valid_days": 1.5}, "approvals.valid_days"),
            ({"valid_days": True}, "approvals.valid_days"),
            ({"days": 3}, "approvals.days"),
            (3, "approvals"),
        ],
    )
    def test_a_playbook_that_says_otherwise_is_refused_naming_the_key(self, section: Any, where: str) -> None:
        with pytest.raises(ApprovalsError, match=where):
            check(section)


class TestThePlaybook:
    @pytest.mark.parametrize("key", ["legal_name", "postal_address"])
    def test_what_it_puts_into_every_message_is_signed_with_the_list(self, key: str) -> None:
        under_way()
        playbook_loaded(sender={**PLAYBOOK["sender"], key: "Another, 1 Elsewhere Street"})
        assert verdict("RowIsSigned") == "playbook_changed"
        sign_again(TUESDAY + DAY)
        assert verdict("RowIsSigned", TUESDAY + DAY) == ""

    def test_a_person_who_changed_as_well_is_a_changed_person(self) -> None:
        under_way()
        playbook_loaded(sender={**PLAYBOOK["sender"], "legal_name": "Another"})
        Account.objects.update(name="Renamed Ltd")
        assert verdict("RowIsSigned") == "row_changed"

    @pytest.mark.parametrize(
        "schedule",
        [
            {"windows": [{"days": ["sat", "sun"], "opens": "00:00", "closes": "23:59"}]},
            {"stale_after_days": 90},
            {"nurture": {"touches": 6, "days": 30}},
        ],
    )
    def test_when_and_how_often_mail_leaves_is_signed_with_the_list(self, schedule: dict[str, Any]) -> None:
        under_way()
        playbook_loaded(sequences={**PLAYBOOK["sequences"], **schedule})
        assert verdict("RowIsSigned") == "playbook_changed"
        assert [row.signed_leaf for row in lists.unsigned(RecipientList.objects.get(), TUESDAY)] != []
        sign_again(TUESDAY + DAY)
        assert verdict("RowIsSigned", TUESDAY + DAY) == ""

    @pytest.mark.parametrize(
        "binds_at_once",
        [
            {"caps": {"account": {"limit": 1, "hours": 24}}},
            {"recipients": {"never_domains": ["rivals.example.com"]}},
            {"approvals": {"valid_days": 20}},
        ],
    )
    def test_what_binds_at_once_needs_no_signature(self, binds_at_once: dict[str, Any]) -> None:
        under_way()
        playbook_loaded(**binds_at_once)
        assert verdict("RowIsSigned") == ""


class TestAnEarlierForm:
    """Rows that were signed before schedules were part of it: they hold, in that form, until their signature ends."""

    def signed_long_ago(self) -> None:
        under_way()
        row, said = ListRow.objects.get(), wording.signed_house()[-1]
        variables = wording.signed_variables(wording.steps_of(row.recipient_list.sequence_version))
        told: dict[str, Any] = {"source": row.source, "basis": row.basis, "variables": variables}
        assert "form" not in said
        ListRow.objects.update(signed_leaf=wording.leaf_digest(row.contact, house=said, **told))

    def test_it_holds_and_nobody_is_asked_to_sign(self) -> None:
        self.signed_long_ago()
        assert verdict("RowIsSigned") == ""
        assert lists.unsigned(RecipientList.objects.get(), TUESDAY) == []

    def test_it_holds_for_what_it_was_given_for_and_for_no_longer(self) -> None:
        self.signed_long_ago()
        playbook_loaded(sequences={**PLAYBOOK["sequences"], "stale_after_days": 90})
        assert verdict("RowIsSigned") == ""
        assert verdict("RowIsSigned", TUESDAY + MONTH) == "signature_aged"
        playbook_loaded(sender={**PLAYBOOK["sender"], "legal_name": "Another"})
        assert verdict("RowIsSigned") == "playbook_changed"

    def test_the_next_signature_is_in_the_newest_form(self) -> None:
        self.signed_long_ago()
        before = ListRow.objects.get().signed_leaf
        sign_again(TUESDAY + 25 * DAY)
        assert ListRow.objects.get().signed_leaf != before
        playbook_loaded(sequences={**PLAYBOOK["sequences"], "stale_after_days": 90})
        assert verdict("RowIsSigned", TUESDAY + 25 * DAY) == "playbook_changed"


class TestWhoSigned:
    @pytest.mark.parametrize("ends", [leaves_the_staff, loses_the_role, role_loses_the_permission])
    @pytest.mark.parametrize(
        ("step", "rule"),
        [
            ("messaging", "WordingIsSigned"),
            ("narrative", "WordingIsSigned"),
            ("loading", "WordingIsSigned"),
            ("sequence", "SequenceIsSigned"),
            ("recipients", "RowIsSigned"),
        ],
    )
    def test_a_signature_ends_with_its_signers_place(self, step: str, rule: str, ends: Callable[[User], None]) -> None:
        under_way()
        assert verdict(rule) == ""
        ends(signer(step))
        assert verdict(rule) == "signer_gone"

    def test_it_stands_again_when_the_signer_is_back(self) -> None:
        under_way()
        cro = signer("recipients")
        leaves_the_staff(cro)
        User.objects.filter(pk=cro.pk).update(is_active=True)
        assert verdict("RowIsSigned") == ""

    def test_being_away_ends_nothing(self) -> None:
        under_way()
        User.objects.update(last_login=TUESDAY - 100 * DAY)
        assert [verdict(rule) for rule in ("WordingIsSigned", "SequenceIsSigned", "RowIsSigned")] == ["", "", ""]

    def test_a_superuser_may_sign_by_that_alone_and_no_longer_without(self) -> None:
        under_way()
        cro = signer("recipients")
        loses_the_role(cro)
        User.objects.filter(pk=cro.pk).update(is_superuser=True)
        assert verdict("RowIsSigned") == ""
        User.objects.filter(pk=cro.pk).update(is_superuser=False)
        assert verdict("RowIsSigned") == "signer_gone"

    def test_a_permission_of_ones_own_is_as_good_as_a_role(self) -> None:
        under_way()
        cro = signer("recipients")
        loses_the_role(cro)
        cro.user_permissions.add(Permission.objects.get(codename="sign_recipientlist"))
        assert verdict("RowIsSigned") == ""

    def test_another_cro_signs_the_list_at_any_time(self) -> None:
        under_way()
        leaves_the_staff(signer("recipients"))
        sign_again(TUESDAY + DAY)
        assert verdict("RowIsSigned", TUESDAY + DAY) == ""

    def test_any_number_of_signers_is_looked_up_in_two_queries(self) -> None:
        given = []
        for number, step in enumerate(validity.PERMISSIONS):
            user = UserFactory(roles=[group.name for group in Group.objects.all()])
            told = {"subject": f"x:{number}", "step": step, "digest": "d", "author": UserFactory(), "at": TUESDAY}
            given.append(Signature.objects.create(signer=user, **told))
        with CaptureQueriesContext(connection) as queries:
            assert standing(given) == {one.pk for one in given}
        assert len(queries) == 2

    def test_nothing_signed_asks_nothing(self) -> None:
        assert standing([]) == frozenset()


def test_a_row_that_was_added_is_held_until_the_list_is_signed_again() -> None:
    under_way()
    row, contact = RecipientList.objects.get(), ContactFactory()
    lists.add(row, [(contact, contact.source, contact.basis)], by=row.author, at=TUESDAY + DAY)
    assert [one.contact_id for one in lists.unsigned(row, TUESDAY + DAY)] == [contact.pk]
