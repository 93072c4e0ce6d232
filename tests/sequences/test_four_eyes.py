"""Nobody approves their own work: every way round that, tried (FT-60, FT-63).

What the verbs refuse is also tried past them, in the database; what the database lets happen is held at the door.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client

from compliance import audit
from compliance.acts import Consent
from compliance.clearance import preview
from compliance.refusals import Refused
from sequences import approval, asks
from sequences.models import (
    Enrollment,
    RecipientList,
    SequenceVersion,
    Signature,
    Step,
    TemplateVersion,
)
from tests.cast import TUESDAY
from tests.desk import page, save_row, take
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    UserFactory,
    drafted_sequence,
    submitted_list,
    submitted_text,
)
from tests.sequences.campaign import under_way

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

State = TemplateVersion.State
EVERY_ROLE = ("content", "cmo", "cro", "sales_ops", "legal", "chief_of_staff", "rep")
ARROWS = ("approve_messaging", "approve_narrative", "load")


def own_draft(**who: Any) -> tuple[TemplateVersion, User]:
    """A submitted text of somebody with every role there is."""
    author = UserFactory(roles=EVERY_ROLE, **who)
    return submitted_text(TUESDAY, author=author), author


def verdicts() -> dict[str, str]:
    """What each rule says of the one enrollment's next step, where it has something to say."""
    (ruling,) = preview([asks.for_step(Enrollment.objects.get())], TUESDAY)
    return {one.rule: one.code for one in ruling.verdicts if one.code}


def state_of(version: TemplateVersion) -> str:
    return str(TemplateVersion.objects.get(pk=version.pk).state)


class TestOwnDraft:
    """FT-60: the approver approves their own draft."""

    @pytest.mark.parametrize("superuser", [False, True])
    @pytest.mark.parametrize("arrow", ARROWS)
    def test_on_its_page_no_button_does_it(self, client: Client, arrow: str, superuser: bool) -> None:
        version, author = own_draft(is_superuser=superuser)
        client.force_login(author)
        assert take(client, version, arrow).status_code == 409
        assert state_of(version) == State.SUBMITTED
        assert not Signature.objects.exists()

    def test_in_bulk_there_is_nothing_to_approve_with(self, client: Client) -> None:
        version, author = own_draft()
        client.force_login(author)
        chosen = {"_selected_action": [str(version.pk)], "index": "0"}
        for action in (*ARROWS, "approve", "sign"):
            client.post(page(TemplateVersion, "changelist"), {"action": action, **chosen})
        assert state_of(version) == State.SUBMITTED

    def test_by_the_verb_it_is_refused_with_its_reason(self) -> None:
        version, author = own_draft()
        with pytest.raises(Refused) as refused:
            approval.sign_text(version, by=author, at=TUESDAY, consent=Consent(digest=version.digest))
        assert "author_signs" in refused.value.codes

    def test_in_the_shell_the_state_opens_nothing(self) -> None:
        """`.update()` writes what it likes; the door looks at the signatures."""
        under_way()
        version = TemplateVersion.objects.get()
        text = submitted_text(TUESDAY)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE sequences_templateversion SET state = 'loaded' WHERE id = %s", [text.pk])
        Step.objects.filter(template_version=version).update(template_version=text)
        assert verdicts()["WordingIsSigned"] == "text_not_signed"

    def test_in_the_shell_the_database_takes_no_signature_of_the_author(self) -> None:
        version, author = own_draft()
        given = {"subject": audit.reference(version), "digest": version.digest, "at": TUESDAY}
        with pytest.raises(DatabaseError), transaction.atomic():
            Signature.objects.create(**given, step="messaging", author=author, signer=author)

    def test_in_the_shell_the_database_takes_no_signature_of_an_editor_either(self) -> None:
        version, editor = submitted_text(TUESDAY), UserFactory(role="cmo")
        approval.note_edit(version, by=editor, at=TUESDAY, created=False)
        given = {"subject": audit.reference(version), "digest": version.digest, "at": TUESDAY}
        with pytest.raises(DatabaseError), transaction.atomic():
            Signature.objects.create(**given, step="messaging", author=version.author, signer=editor)

    def test_in_the_shell_the_database_takes_no_signature_of_who_put_people_on_a_list(self) -> None:
        row, cro, ops = submitted_list(TUESDAY, [ContactFactory()]), UserFactory(role="cro"), UserFactory()
        audit.record("sequences.recipientlist.rows_added", audit.reference(row), by=cro, at=TUESDAY, rows=1)
        given = {"subject": audit.reference(row), "digest": row.digest, "at": TUESDAY, "step": "recipients"}
        with pytest.raises(DatabaseError), transaction.atomic():
            Signature.objects.create(**given, author=row.author, signer=cro)
        Signature.objects.create(**given, author=row.author, signer=ops)

    def test_in_the_shell_a_signature_naming_another_author_opens_nothing(self) -> None:
        """The row says who wrote it; a signature that lies about that does not count."""
        under_way()
        text, (author, *others) = submitted_text(TUESDAY), UserFactory.create_batch(3)
        given = {"subject": audit.reference(text), "digest": text.digest, "at": TUESDAY, "author": UserFactory()}
        for step, signer in zip(approval.TEXT_STEPS, (author, *others), strict=True):
            Signature.objects.create(**given, step=step, signer=signer)
        with connection.cursor() as cursor:
            said = "UPDATE sequences_templateversion SET state = 'loaded', author_id = %s WHERE id = %s"
            cursor.execute(said, [author.pk, text.pk])
        Step.objects.update(template_version=text)
        assert verdicts()["WordingIsSigned"] == "text_signed_by_author"

    def test_a_second_account_is_the_same_person(self, client: Client) -> None:
        version, author = own_draft(email="maren@ours.example.com")
        again = UserFactory(role="cmo", email="Maren+second@ours.example.com")
        client.force_login(again)
        refused = take(client, version, "approve_messaging")
        assert refused.status_code == 409
        assert "wrote or edited" in refused.content.decode()
        assert again.pk != author.pk

    def test_nobody_signs_as_somebody_else(self, client: Client) -> None:
        """There is no way to act under another name: the signer is who is signed in, whatever the form says."""
        version = submitted_text(TUESDAY)
        cmo, other = UserFactory(role="cmo"), UserFactory(role="cmo")
        client.force_login(cmo)
        take(client, version, "approve_messaging", signer=str(other.pk), by=str(other.pk), user=str(other.pk))
        assert Signature.objects.get().signer == cmo

    def test_a_list_of_ones_own_is_not_signed_either(self, client: Client) -> None:
        MailboxFactory()
        row = submitted_list(TUESDAY, [ContactFactory()])
        row.author.groups.set([UserFactory(role="cro").groups.get()])
        client.force_login(row.author)
        assert take(client, row, "sign").status_code == 409
        assert not Enrollment.objects.exists()


def a_submitted_sequence() -> SequenceVersion:
    draft = drafted_sequence(TUESDAY, steps=1)
    return approval.submit(draft, by=draft.author, at=TUESDAY, consent=Consent())


def a_submitted_list() -> RecipientList:
    MailboxFactory()
    return submitted_list(TUESDAY, [ContactFactory()])


@pytest.mark.parametrize(("make", "arrow"), [(a_submitted_sequence, "approve"), (a_submitted_list, "sign")])
class TestSequencesAndLists:
    """FT-60, FT-63 of what the CRO signs alone."""

    def test_the_author_does_not_sign(self, client: Client, make: Callable[[], Any], arrow: str) -> None:
        row = make()
        row.author.groups.add(*UserFactory(roles=EVERY_ROLE).groups.all())
        self.refused(client, row, arrow, row.author)

    def test_nor_does_their_second_account(self, client: Client, make: Callable[[], Any], arrow: str) -> None:
        row = make()
        User.objects.filter(pk=row.author_id).update(email="maren@ours.example.com")
        self.refused(client, row, arrow, UserFactory(role="cro", email="Maren+cro@ours.example.com"))

    def test_nor_does_who_mended_a_letter(self, client: Client, make: Callable[[], Any], arrow: str) -> None:
        row, cro = make(), UserFactory(role="cro")
        approval.note_edit(row, by=cro, at=TUESDAY, created=False)
        self.refused(client, row, arrow, cro)

    def refused(self, client: Client, row: Any, arrow: str, by: User) -> None:
        client.force_login(User.objects.get(pk=by.pk))
        assert take(client, row, arrow).status_code == 409
        assert not Signature.objects.filter(subject=audit.reference(row)).exists()


class TestOneTypo:
    """FT-63: the approver mends one typo, then approves."""

    def test_who_mends_one_letter_of_a_draft_is_its_author_too(self, client: Client) -> None:
        author, cmo = UserFactory(role="content"), UserFactory(roles=["content", "cmo"])
        client.force_login(author)
        version = submitted_text(TUESDAY, author=author)
        draft = TemplateVersion.objects.create(
            template=version.template,
            number=2,
            subject=version.subject,
            preview=version.preview,
            body=version.body.replace("maintenance", "maintenence"),
            author=author,
            created_at=TUESDAY,
        )
        approval.note_edit(draft, by=author, at=TUESDAY, created=True)
        client.force_login(cmo)
        mended = {name: getattr(version, name) for name in ("subject", "preview", "body", "language")}
        save_row(client, draft, **mended, change_note="")
        draft = TemplateVersion.objects.get(pk=draft.pk)
        assert draft.body.strip() == version.body.strip()
        approval.submit(draft, by=author, at=TUESDAY, consent=Consent())
        assert take(client, TemplateVersion.objects.get(pk=draft.pk), "approve_messaging").status_code == 409
        assert not Signature.objects.exists()
