"""Nobody signs what they were not shown: the token of a look, and everything it is bound to (LAW APR-04)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing

from compliance import audit
from compliance.acts import Consent
from compliance.models import AuditEntry
from compliance.refusals import Refused
from sequences import approval, lists, seen, showing
from sequences.models import Account, Contact, Enrollment, RecipientList, Signature, TemplateVersion
from tests.cast import TUESDAY
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    UserFactory,
    approved_sequence,
    having_read,
    playbook_loaded,
    submitted_list,
    submitted_text,
)
from tests.sequences.campaign import opt_out

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

LATER = TUESDAY + seen.LASTS


def a_list() -> RecipientList:
    MailboxFactory()
    return submitted_list(TUESDAY, ContactFactory.create_batch(3), approved_sequence(TUESDAY, steps=1))


def sign(row: Any, by: User, consent: Consent, at: Any = TUESDAY) -> Any:
    verb: Callable[..., Any] = lists.sign if isinstance(row, RecipientList) else approval.sign_text
    return verb(type(row)._default_manager.get(pk=row.pk), by=by, at=at, consent=consent)


def codes_of(row: Any, by: User, consent: Consent, at: Any = TUESDAY) -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        sign(row, by, consent, at)
    return refused.value.codes


@pytest.fixture(params=["a text", "a list"])
def due(request: pytest.FixtureRequest) -> tuple[Any, User]:
    """Something that waits for a signature, and who may give it."""
    row: Any = submitted_text(TUESDAY) if request.param == "a text" else a_list()
    return row, UserFactory(role="cmo" if request.param == "a text" else "cro")


class TestTheToken:
    def test_opens_the_signature_it_was_made_for(self, due: tuple[Any, User]) -> None:
        row, by = due
        before = Signature.objects.count()
        sign(row, by, having_read(row, by, TUESDAY))
        assert Signature.objects.count() == before + 1

    @pytest.mark.parametrize("token", ["", "nonsense", "nonsense:1tABCD:signature"])
    def test_without_it_nothing_is_signed_and_nothing_half_done(self, due: tuple[Any, User], token: str) -> None:
        row, by = due
        before = AuditEntry.objects.count(), Signature.objects.count()
        assert codes_of(row, by, Consent("Fine.", row.digest, token=token)) == ("not_shown",)
        assert type(row)._default_manager.get(pk=row.pk).state == "submitted"
        assert (AuditEntry.objects.count(), Signature.objects.count()) == before
        assert not Enrollment.objects.exists()

    def test_is_for_one_person(self, due: tuple[Any, User]) -> None:
        row, by = due
        other = UserFactory(roles=["cmo", "cro"])
        assert codes_of(row, by, having_read(row, other, TUESDAY)) == ("not_shown",)

    def test_is_for_one_row(self) -> None:
        by, one, other = UserFactory(role="cmo"), submitted_text(TUESDAY), submitted_text(TUESDAY)
        consent = replace(having_read(one, by, TUESDAY), digest=other.digest)
        assert codes_of(other, by, consent) == ("not_shown",)

    def test_lasts_half_an_hour(self, due: tuple[Any, User]) -> None:
        row, by = due
        consent = having_read(row, by, TUESDAY)
        assert codes_of(row, by, consent, LATER) == ("shown_long_ago",)
        sign(row, by, consent, LATER - timedelta(seconds=1))

    def test_made_with_our_key_for_something_else_is_none(self, due: tuple[Any, User]) -> None:
        row, by = due
        said = [audit.reference(row), f"user:{by.pk}", row.digest, "", TUESDAY.isoformat()]
        assert codes_of(row, by, Consent(token=signing.dumps(said, salt="session"))) == ("not_shown",)

    def test_what_was_shown_stands_in_the_log(self, due: tuple[Any, User]) -> None:
        row, by = due
        consent = having_read(row, by, TUESDAY)
        sign(row, by, consent)
        read = seen.read(consent.token)
        entries = AuditEntry.objects.filter(subject=audit.reference(row), actor=f"user:{by.pk}")
        assert read
        assert [entry.data["shown"] for entry in entries if "shown" in entry.data] == [read.shown]


class TestAList:
    def test_that_changed_since_it_was_shown_is_not_signed(self) -> None:
        row, by = a_list(), UserFactory(role="cro")
        running = sign(row, by, having_read(row, by, TUESDAY))
        lists.add(running, [(ContactFactory(), "trade_fair", "consent")], by=row.author, at=TUESDAY)
        consent = having_read(running, by, TUESDAY)
        Account.objects.filter(contacts=Contact.objects.latest("pk")).update(name="Elsewhere Ltd")
        assert codes_of(running, by, replace(consent, digest="")) == ("shown_differs",)
        assert len(lists.unsigned(running, TUESDAY)) == 1

    def test_tells_why_the_door_says_no_and_to_how_many(self) -> None:
        MailboxFactory()
        people = ContactFactory.create_batch(4)
        row = submitted_list(TUESDAY, people, approved_sequence(TUESDAY, steps=1))
        opt_out(people[0].address)
        found = showing.recipients(row, by=UserFactory(role="cro"), at=TUESDAY)
        assert dict(found.prospect.refused) == {"suppressed": 1}
        assert (found.prospect.rows, len(found.prospect.permitted)) == (4, 3)

    def test_names_who_wrote_on_it(self) -> None:
        row = a_list()
        found = showing.recipients(row, by=UserFactory(role="cro"), at=TUESDAY)
        who = [[user.pk for user in one.who] for one in found.writers]
        text = row.sequence_version.steps.get().template_version
        assert who == [[row.author_id], [row.sequence_version.author_id], [text.author_id]]

    def test_another_look_at_the_same_is_the_same(self) -> None:
        row, by = a_list(), UserFactory(role="cro")
        first, again = (seen.read(showing.recipients(row, by=by, at=at).token) for at in (TUESDAY, LATER))
        assert first
        assert again
        assert (first.shown, first.digest) == (again.shown, again.digest)

    def test_what_the_door_says_is_part_of_what_was_shown(self) -> None:
        row, by = a_list(), UserFactory(role="cro")
        before = seen.read(showing.recipients(row, by=by, at=TUESDAY).token)
        opt_out(Contact.objects.order_by("pk")[0].address)
        after = seen.read(showing.recipients(row, by=by, at=TUESDAY).token)
        assert before
        assert after
        assert before.shown != after.shown
        assert before.digest == after.digest


class TestAText:
    def test_is_shown_as_an_invented_reader_gets_it_while_nobody_is_chosen(self) -> None:
        row = submitted_text(TUESDAY)
        assert showing.text(row, by=UserFactory(role="cmo"), at=TUESDAY).said.subject == "Example Pumps: one question"

    def test_another_step_needs_another_look_by_its_own_signer(self) -> None:
        playbook_loaded()
        row, cmo, cro = submitted_text(TUESDAY), UserFactory(role="cmo"), UserFactory(role="cro")
        consent = having_read(row, cmo, TUESDAY)
        sign(row, cmo, consent)
        row = TemplateVersion.objects.get(pk=row.pk)
        assert codes_of(row, cro, consent) == ("not_shown",)
        sign(row, cro, having_read(row, cro, TUESDAY))
