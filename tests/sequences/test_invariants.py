"""The promises about messages, passages and signatures: each query finds what breaks it."""

from uuid import uuid4

import pytest

from compliance import halts
from compliance.models import Halt, PersonKey
from compliance.principals import SYSTEM
from sequences.invariants import (
    ATTEMPTS_NOT_RECORDED,
    CLEARED_TWICE,
    CONTACTS_WITHOUT_DIGESTS,
    DOUBT_SENT_AGAIN,
    IN_TWO_SEQUENCES,
    MESSAGES_GONE,
    PASSED_A_HALTED_LIST,
    RESULTS_THAT_DIFFER,
    SENT_WITHOUT_CLEARANCE,
    SENT_WITHOUT_SIGNATURES,
    SIGNED_BY_AUTHOR,
    STRANDED,
    UNKNOWN_STATES,
)
from sequences.models import Attempt, Contact, Enrollment, OutboundMessage, Signature
from tests.cast import TUESDAY
from tests.promises import broken, permitted_again, raw, sent
from tests.sequences.campaign import message, played
from tests.sequences.scripted_smtp import CLOSE

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def try_again(outcome: str) -> None:
    """A second try at the one message."""
    Attempt.objects.create(message=message(), number=2, at=TUESDAY, outcome=outcome)


class TestCopies:
    @pytest.mark.parametrize("outcome", ["accepted", "indoubt"])
    def test_two_that_may_have_gone_are_found(self, outcome: str) -> None:
        sent()
        permitted_again()
        try_again(outcome)
        assert CLEARED_TWICE.count() == 1

    def test_so_is_a_second_permission_of_which_nothing_is_known(self) -> None:
        sent()
        permitted_again()
        assert CLEARED_TWICE.count() == 1

    @pytest.mark.parametrize("outcome", ["rejected", "notsent"])
    def test_a_try_proven_unsent_is_none(self, outcome: str) -> None:
        sent()
        permitted_again()
        try_again(outcome)
        assert CLEARED_TWICE.count() == 0

    def test_what_was_in_doubt_and_passed_again_is_found(self) -> None:
        played({"dot": CLOSE})
        assert DOUBT_SENT_AGAIN.count() == 0
        permitted_again()
        assert DOUBT_SENT_AGAIN.count() == 1


class TestSignatures:
    def test_a_message_that_went_around_the_door_is_found(self) -> None:
        sent()
        raw("UPDATE sequences_outboundmessage SET ref = 'around/1'")
        assert SENT_WITHOUT_CLEARANCE.run() == ["around/1"]

    def test_so_is_a_try_that_nobody_permitted(self) -> None:
        sent()
        try_again("accepted")
        assert SENT_WITHOUT_CLEARANCE.count() == 1

    @pytest.mark.parametrize(
        ("step", "named"),
        [("messaging", "text "), ("loading", "text "), ("sequence", "sequence "), ("recipients", "list ")],
    )
    def test_a_missing_signature_is_found(self, step: str, named: str) -> None:
        sent()
        text = message().template_version_id
        rows = Signature.objects.filter(step=step)
        rows = rows.filter(subject=f"sequences.templateversion:{text}") if named == "text " else rows
        raw("DELETE FROM sequences_signature WHERE id = %s", rows.get().pk)
        assert SENT_WITHOUT_SIGNATURES.count() == 1
        assert SENT_WITHOUT_SIGNATURES.run()[0].startswith(named)

    def test_so_is_one_on_another_wording(self) -> None:
        sent()
        text = message().template_version_id
        raw("UPDATE sequences_templateversion SET digest = 'other' WHERE id = %s", text)
        assert SENT_WITHOUT_SIGNATURES.count() == 1

    def test_a_row_that_nobody_signed_is_found(self) -> None:
        sent()
        raw("UPDATE sequences_listrow SET signed_leaf = ''")
        assert SENT_WITHOUT_SIGNATURES.run() == [message().ref]

    def test_the_author_as_signer_is_found_even_if_the_signature_names_another(self) -> None:
        sent()
        signed = Signature.objects.get(step="recipients")
        author = message().enrollment.row.recipient_list.author_id
        swapped = "UPDATE sequences_signature SET signer_id = %s, author_id = %s WHERE id = %s"
        raw(swapped, author, signed.signer_id, signed.pk)
        assert SIGNED_BY_AUTHOR.count() == 1


class TestConservation:
    def test_a_state_that_nobody_knows_is_found(self) -> None:
        sent()
        raw("UPDATE sequences_outboundmessage SET state = 'lost'")
        assert UNKNOWN_STATES.count() == 1

    def test_a_message_that_passed_the_door_and_is_gone_is_found(self) -> None:
        sent(people=2)
        assert MESSAGES_GONE.count() == 0
        gone = OutboundMessage.objects.order_by("pk")[0]
        raw("DELETE FROM sequences_attempt WHERE message_id = %s", gone.pk)
        raw("DELETE FROM sequences_outboundmessage WHERE id = %s", gone.pk)
        assert MESSAGES_GONE.run() == [gone.ref]

    def test_an_accepted_message_without_an_accepted_try_is_found(self) -> None:
        sent()
        Attempt.objects.update(outcome="notsent")
        assert RESULTS_THAT_DIFFER.count() == 1

    def test_an_accepted_try_of_another_message_is_found(self) -> None:
        sent()
        raw("UPDATE sequences_outboundmessage SET state = 'planned'")
        assert RESULTS_THAT_DIFFER.count() == 1

    def test_what_a_person_said_of_a_doubt_is_evidence(self) -> None:
        played({"dot": CLOSE})
        raw("UPDATE sequences_outboundmessage SET state = 'accepted', reason = 'decided_by_hand'")
        assert RESULTS_THAT_DIFFER.count() == 0

    def test_a_try_that_was_not_written_down_is_found(self) -> None:
        sent()
        Attempt.objects.all().delete()
        assert ATTEMPTS_NOT_RECORDED.count() == 1

    def test_a_passage_that_nothing_will_move_is_found(self) -> None:
        sent()
        Enrollment.objects.update(due_at=None)
        assert STRANDED.count() == 1

    def test_an_old_message_of_an_earlier_step_moves_nothing(self) -> None:
        sent()
        Enrollment.objects.update(due_at=None)
        raw("UPDATE sequences_outboundmessage SET state = 'in_doubt'")
        assert STRANDED.count() == 1


class TestPeople:
    def test_a_contact_whose_card_finds_no_stop_is_found(self) -> None:
        sent()
        raw("DELETE FROM compliance_addressdigest WHERE NOT whole_domain")
        assert CONTACTS_WITHOUT_DIGESTS.count() == Contact.objects.count()

    def test_two_passages_of_one_person_are_found(self) -> None:
        sent()
        row = Enrollment.objects.get()
        other = PersonKey.objects.create(id=uuid4(), created_at=TUESDAY, merged_into_id=row.person)
        row.pk, row.person = None, other.pk
        row.save(force_insert=True)
        assert IN_TWO_SEQUENCES.count() == 1


@pytest.mark.parametrize("scope", ["list", "sequence", "template", "sending-domain"])
def test_what_passed_a_halted_scope_is_found(scope: str) -> None:
    sent()
    row = message()
    keys = {
        "list": f"list:{row.recipient_list_id}",
        "sequence": row.enrollment.version.sequence.key,
        "template": row.template_version.template.key,
        "sending-domain": f"sending-domain:{row.mailbox.domain}",
    }
    halts.place(keys[scope], Halt.Kind.KILL_SWITCH, "Wait.", by=SYSTEM, at=TUESDAY)
    assert PASSED_A_HALTED_LIST.count() == 0
    permitted_again()
    assert PASSED_A_HALTED_LIST.count() == 1


def test_what_passed_before_a_halt_is_none() -> None:
    sent()
    halts.place(f"list:{message().recipient_list_id}", Halt.Kind.KILL_SWITCH, "Wait.", by=SYSTEM, at=TUESDAY)
    assert broken() == {}


def test_a_message_knows_its_list() -> None:
    sent()
    row = OutboundMessage.objects.get()
    assert row.recipient_list_id == row.enrollment.row.recipient_list_id
