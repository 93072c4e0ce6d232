"""Who signs, in which order, over what; and who may not, by the verb and by the database (SOP 5.4; LAW APR-01, 02)."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.test import override_settings

from compliance import audit
from compliance.acts import Consent, offers, perform
from compliance.models import PlaybookVersion
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.transitions import NotPermitted
from sequences import approval
from sequences.models import SequenceVersion, Signature, Template, TemplateVersion
from tests.cast import TUESDAY, WORDING
from tests.factories import (
    TemplateVersionFactory,
    UserFactory,
    approved_sequence,
    drafted_sequence,
    having_read,
    playbook_loaded,
    signed_text,
    submitted_text,
)

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

State = TemplateVersion.State
ROLES = ("cmo", "cro", "sales_ops")


def sign(version: TemplateVersion, by: User, *, digest: str | None = None) -> TemplateVersion:
    """The next signature, of what the person was shown."""
    consent = having_read(version, by, TUESDAY, digest=digest or "")
    approval.sign_text(version, by=by, at=TUESDAY, consent=consent)
    return TemplateVersion.objects.get(pk=version.pk)


def codes_of(version: TemplateVersion, by: User) -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        sign(version, by)
    return refused.value.codes


def edited(version: TemplateVersion, **columns: str) -> TemplateVersion:
    """As if somebody had written past every verb."""
    TemplateVersion.objects.filter(pk=version.pk).update(**columns)
    return TemplateVersion.objects.get(pk=version.pk)


class TestTheChain:
    def test_it_leads_from_content_over_cmo_and_cro_to_sales_ops(self) -> None:
        version = submitted_text(TUESDAY)
        states = []
        for role in ROLES:
            version = sign(version, UserFactory(role=role))
            states.append(version.state)
        assert states == [State.MESSAGING_APPROVED, State.NARRATIVE_APPROVED, State.LOADED]

    @pytest.mark.parametrize("signed", [0, 1, 2])
    def test_no_role_signs_out_of_its_turn(self, signed: int) -> None:
        version = submitted_text(TUESDAY)
        for role in ROLES[:signed]:
            version = sign(version, UserFactory(role=role))
        for role in {*ROLES, "content", "rep", "legal"} - {ROLES[signed]}:
            with pytest.raises(NotPermitted):
                sign(version, UserFactory(role=role))

    def test_each_signature_is_kept_with_signer_author_and_digest(self) -> None:
        version = signed_text(TUESDAY)
        kept = approval.signers(version)
        assert [row.step for row in kept] == ["messaging", "narrative", "loading"]
        assert {row.digest for row in kept} == {version.digest}
        assert {row.author_id for row in kept} == {version.author_id}

    def test_a_loaded_text_waits_for_no_signature(self) -> None:
        assert codes_of(signed_text(TUESDAY), UserFactory(role="cmo")) == ("wrong_state",)

    def test_a_draft_waits_for_no_signature(self) -> None:
        playbook_loaded()
        assert codes_of(TemplateVersionFactory(), UserFactory(role="cmo")) == ("wrong_state",)

    @pytest.mark.parametrize("signed", [0, 1, 2])
    def test_a_signer_may_reject_at_any_point(self, signed: int) -> None:
        version = submitted_text(TUESDAY)
        for role in ROLES[:signed]:
            version = sign(version, UserFactory(role=role))
        rejected = approval.reject(version, by=UserFactory(role="cmo"), at=TUESDAY, consent=Consent("Too loud."))
        assert rejected.state == State.REJECTED

    def test_a_rejection_says_why(self) -> None:
        version, cmo = submitted_text(TUESDAY), UserFactory(role="cmo")
        (reject,) = [act for act in approval.TEXT_ACTS if act.arrow == "reject"]
        with pytest.raises(Refused) as refused:
            perform(version, reject, by=cmo, at=TUESDAY, consent=Consent())
        assert refused.value.codes == ("comment_missing",)

    def test_whoever_is_slower_is_told_so(self) -> None:
        version = submitted_text(TUESDAY)
        sign(version, UserFactory(role="cmo"))
        assert codes_of(version, UserFactory(role="cmo")) == ("lost_race",)

    def test_a_lost_race_leaves_no_signature(self) -> None:
        version = submitted_text(TUESDAY)
        sign(version, UserFactory(role="cmo"))
        codes_of(version, UserFactory(role="cmo"))
        assert Signature.objects.count() == 1

    def test_the_system_does_not_sign(self) -> None:
        with pytest.raises(Refused) as refused:
            approval.sign_text(submitted_text(TUESDAY), by=SYSTEM, at=TUESDAY, consent=Consent())
        assert refused.value.codes == ("nobody_signs",)


class TestWhoMayNot:
    def test_the_author_does_not_sign(self) -> None:
        author = UserFactory(roles=["content", "cmo"])
        assert codes_of(submitted_text(TUESDAY, author=author), author) == ("author_signs",)

    def test_a_superuser_who_wrote_it_does_not_sign(self) -> None:
        author = UserFactory(is_superuser=True)
        assert codes_of(submitted_text(TUESDAY, author=author), author) == ("author_signs",)

    def test_whoever_changed_one_letter_does_not_sign(self) -> None:
        version, editor = submitted_text(TUESDAY), UserFactory(role="cmo")
        approval.note_edit(version, by=editor, at=TUESDAY, created=False)
        assert codes_of(version, editor) == ("author_signs",)

    @pytest.mark.parametrize("spelling", ["Kit@Ours.example.com", "kit+cmo@ours.example.com", " kit@ours.example.com"])
    def test_the_authors_second_account_does_not_sign(self, spelling: str) -> None:
        author = UserFactory(role="content", email="kit@ours.example.com")
        other = UserFactory(role="cmo", email=spelling)
        assert codes_of(submitted_text(TUESDAY, author=author), other) == ("author_signs",)

    def test_an_editors_second_account_does_not_sign(self) -> None:
        version = submitted_text(TUESDAY)
        editor = UserFactory(role="content", email="kit@ours.example.com")
        approval.note_edit(version, by=editor, at=TUESDAY, created=False)
        assert codes_of(version, UserFactory(role="cmo", email="kit@ours.example.com")) == ("author_signs",)

    def test_accounts_without_an_address_are_not_one_person(self) -> None:
        version = submitted_text(TUESDAY, author=UserFactory(role="content", email=""))
        assert sign(version, UserFactory(role="cmo", email="")).state == State.MESSAGING_APPROVED

    def test_a_superuser_does_not_sign_twice(self) -> None:
        chief = UserFactory(is_superuser=True)
        assert codes_of(sign(submitted_text(TUESDAY), chief), chief) == ("signed_already",)

    def test_neither_does_their_second_account(self) -> None:
        version = sign(submitted_text(TUESDAY), UserFactory(role="cmo", email="kit@ours.example.com"))
        assert codes_of(version, UserFactory(role="cro", email="kit@ours.example.com")) == ("signed_already",)

    @override_settings(SMALL_TEAM=True)
    def test_in_a_small_team_one_person_signs_two_of_three_steps(self) -> None:
        both, third = UserFactory(roles=["cmo", "cro", "sales_ops"]), UserFactory(role="sales_ops")
        version = sign(sign(submitted_text(TUESDAY), both), both)
        assert codes_of(version, both) == ("signed_already",)
        assert sign(version, third).state == State.LOADED

    @override_settings(SMALL_TEAM=True)
    def test_in_a_small_team_the_author_does_not_sign_either(self) -> None:
        author = UserFactory(roles=["content", "cmo"])
        assert codes_of(submitted_text(TUESDAY, author=author), author) == ("author_signs",)

    def test_the_page_says_so_before_the_click(self) -> None:
        author = UserFactory(is_superuser=True)
        version = submitted_text(TUESDAY, author=author)
        offered = {offer.act.arrow: offer for offer in offers(version, approval.TEXT_ACTS, author)}
        assert [refusal.code for refusal in offered["approve_messaging"].refusals] == ["author_signs"]


class TestTheDatabase:
    def test_it_refuses_the_authors_signature_on_a_raw_insert(self) -> None:
        version = submitted_text(TUESDAY)
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sequences_signature (subject, step, digest, author_id, signer_id, at, comment)"
                " VALUES (%s, 'messaging', %s, %s, %s, %s, '')",
                [audit.reference(version), version.digest, version.author_id, version.author_id, TUESDAY],
            )

    def test_it_refuses_a_second_signature_on_one_step(self) -> None:
        version = sign(submitted_text(TUESDAY), UserFactory(role="cmo"))
        other = UserFactory(role="cmo")
        with pytest.raises(IntegrityError), transaction.atomic():
            approval.write_signature(
                version, Signature.Step.MESSAGING, version.digest, by=other, at=TUESDAY, comment=""
            )

    @pytest.mark.parametrize(
        "change", ["UPDATE sequences_signature SET digest = 'x'", "DELETE FROM sequences_signature"]
    )
    def test_it_refuses_to_change_or_withdraw_one(self, change: str) -> None:
        sign(submitted_text(TUESDAY), UserFactory(role="cmo"))
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change.format("sequences_signature"))


class TestWhatIsSigned:
    def test_a_text_changed_after_submission_is_not_signed(self) -> None:
        version = edited(submitted_text(TUESDAY), body=WORDING["body"] + "\nBuy now.\n")
        assert codes_of(version, UserFactory(role="cmo")) == ("changed_since",)

    def test_not_even_with_one_more_blank(self) -> None:
        version = edited(submitted_text(TUESDAY), subject=WORDING["subject"] + " ")
        assert codes_of(version, UserFactory(role="cmo")) == ("changed_since",)

    def test_a_text_that_does_not_compile_any_more_is_not_signed(self) -> None:
        version = edited(submitted_text(TUESDAY), body="{{ nothing.of_the_kind }}")
        with pytest.raises(Refused) as refused:
            approval.sign_text(version, by=UserFactory(role="cmo"), at=TUESDAY, consent=Consent())
        assert "changed_since" in refused.value.codes

    def test_a_text_in_no_language_is_not_submitted(self) -> None:
        playbook_loaded()
        draft = TemplateVersionFactory(language="English!")
        with pytest.raises(Refused) as refused:
            approval.submit(draft, by=draft.author, at=TUESDAY, consent=Consent())
        assert refused.value.codes == ("bad_language",)

    def test_another_digest_than_the_one_shown_is_not_signed(self) -> None:
        with pytest.raises(Refused) as refused:
            sign(submitted_text(TUESDAY), UserFactory(role="cmo"), digest="0" * 64)
        assert refused.value.codes == ("digest_differs",)

    def test_two_versions_with_the_same_words_have_two_digests(self) -> None:
        one, other = submitted_text(TUESDAY), submitted_text(TUESDAY)
        assert one.digest != other.digest

    def test_submission_freezes_the_digest_and_notes_the_moment(self) -> None:
        version = submitted_text(TUESDAY)
        assert version.digest == approval.digest_now(version)
        assert version.submitted_at == TUESDAY

    def test_a_text_that_breaks_a_rule_is_not_submitted(self) -> None:
        playbook_loaded()
        draft = TemplateVersionFactory(subject="Re: our talk")
        with pytest.raises(Refused) as refused:
            approval.submit(draft, by=draft.author, at=TUESDAY, consent=Consent())
        assert refused.value.codes == ("C7",)

    def test_a_rule_that_came_after_submission_is_asked_at_the_signature(self) -> None:
        stated = WORDING["body"].replace("{{ postal_address }}", "48 Tern Harbor Way, Portland, ME 04101, USA")
        version = submitted_text(TUESDAY, body=stated)
        playbook_loaded(TUESDAY + timedelta(days=1), sender={"legal_name": "N", "postal_address": "1 New Road"})
        assert PlaybookVersion.objects.count() == 2
        assert codes_of(version, UserFactory(role="cmo")) == ("C5",)


class TestSequences:
    def test_the_cro_signs_the_digest_of_every_step(self) -> None:
        version = approved_sequence(TUESDAY, steps=2)
        (signature,) = approval.signers(version)
        assert (signature.step, signature.digest) == ("sequence", approval.digest_now(version))

    @pytest.mark.parametrize("role", ["cmo", "sales_ops", "content"])
    def test_nobody_else_does(self, role: str) -> None:
        version = submitted_sequence()
        with pytest.raises(NotPermitted):
            approval.sign_sequence(version, by=UserFactory(role=role), at=TUESDAY, consent=Consent())

    def test_its_author_does_not_sign(self) -> None:
        version = submitted_sequence()
        author = version.author
        author.is_superuser = True
        author.save()
        assert sequence_codes(version, author) == ("author_signs",)

    def test_a_wait_changed_after_submission_is_noticed(self) -> None:
        version = submitted_sequence()
        version.steps.filter(position=2).update(wait_days=15)
        assert sequence_codes(version, UserFactory(role="cro")) == ("changed_since",)

    def test_a_policy_that_became_stricter_is_asked_at_the_signature(self) -> None:
        version = submitted_sequence()
        playbook_loaded(sequences={"nurture": {"touches": 1}})
        assert sequence_codes(version, UserFactory(role="cro")) == ("too_many_touches",)


def submitted_sequence() -> SequenceVersion:
    draft = drafted_sequence(TUESDAY, steps=2)
    approval.submit(draft, by=draft.author, at=TUESDAY, consent=Consent())
    return SequenceVersion.objects.get(pk=draft.pk)


def sequence_codes(version: SequenceVersion, by: User) -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        approval.sign_sequence(version, by=by, at=TUESDAY, consent=Consent())
    return refused.value.codes


def test_one_text_has_one_version_of_each_number() -> None:
    first = submitted_text(TUESDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        TemplateVersionFactory(template=Template.objects.get(pk=first.template_id), number=first.number)
