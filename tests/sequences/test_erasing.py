"""Erasing a person: what says who it was is emptied, what proves what we did stays, nothing is sent any more."""

import re
from email.message import EmailMessage
from typing import Any

import pytest
from django.contrib.auth.models import User

from compliance import addresses, clearance, sealer, suppression
from compliance.acts import Consent
from compliance.models import AuditEntry, SuppressionReason
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refused
from compliance.transitions import move
from sequences import asks, erasing, lists, merging, planner
from sequences.inbound.intake import take
from sequences.models import (
    Attempt,
    Contact,
    Enrollment,
    ExitReason,
    InboundMessage,
    ListRow,
    OutboundMessage,
    RecipientList,
)
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory, playbook_loaded, running_list
from tests.sequences.campaign import State, broken_promises, left_behind, message, passage, play, played, under_way
from tests.sequences.scripted_smtp import ScriptedServer, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

ASKED = Consent("She asked for it by mail, ticket 4711")


@pytest.fixture
def legal() -> User:
    return UserFactory(role="legal")


def erase(contact: Contact, by: Principal, said: str = ASKED.comment) -> dict[str, int]:
    return dict(erasing.erase(contact, by=by, at=TUESDAY, consent=Consent(said)))


def somebody(**told: str) -> Contact:
    playbook_loaded()
    return ContactFactory(address="Ada.Byron@pumps.example.com", last_name="Byron", city="Marylebone", **told)


def fresh(contact: Contact) -> Contact:
    return Contact.objects.select_related("card").get(pk=contact.pk)


def mail(sender: str, subject: str = "Re: pumps", text: str = "Tell me more.") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "rick@ours.example.com", subject
    made.set_content(text)
    return made.as_bytes()


class TestTheContact:
    def test_nothing_is_left_that_says_who_it_was(self, legal: User) -> None:
        erase(somebody(), legal)
        row = Contact.objects.get()
        told = ("address", "first_name", "last_name", "title", "city", "country", "zone", "source")
        assert [getattr(row, name) for name in told] == [""] * len(told)
        assert (row.account, row.erased_at) == (None, TUESDAY)
        assert "Byron" not in str(row)

    def test_the_stop_outlives_them(self, legal: User) -> None:
        ada = somebody()
        erase(ada, legal)
        found = suppression.stopped_addresses([addresses.parse("ada.byron+new@PUMPS.example.com")])
        assert [row.reason for row in found.values()] == [SuppressionReason.ERASED]

    def test_all_addresses_of_the_person_go(self, legal: User) -> None:
        ada, countess = somebody(), ContactFactory()
        merging.merge_contacts(ada, countess, by=UserFactory(role="cro"), at=TUESDAY, consent=Consent())
        assert erase(countess, legal)["contacts"] == 2
        assert fresh(ada).address == fresh(countess).address == ""

    def test_others_stay_as_they_are(self, legal: User) -> None:
        other = ContactFactory()
        erase(somebody(), legal)
        assert fresh(other).address == other.address

    def test_a_second_time_changes_nothing(self, legal: User) -> None:
        ada = somebody()
        under_way(people=[ada])
        take(mail(ada.address), at=TUESDAY)
        erase(ada, legal)
        entries = AuditEntry.objects.count()
        assert erase(ada, legal) == {}
        assert AuditEntry.objects.count() == entries


class TestWhatWasToCome:
    def test_the_passage_ends_with_its_reason_and_what_was_planned_is_cancelled(self, legal: User) -> None:
        ada = somebody()
        under_way(people=[ada])
        planner.plan_round(TUESDAY)
        erase(ada, legal)
        assert passage().exit_reason == ExitReason.ERASED
        assert (message().state, message().reason) == (State.CANCELLED, ExitReason.ERASED)

    def test_the_row_leaves_its_list(self, legal: User) -> None:
        ada = somebody()
        under_way(people=[ada])
        erase(ada, legal)
        row = ListRow.objects.get()
        assert (row.removed_at, row.source) == (TUESDAY, "")

    def test_that_the_row_was_signed_stays_provable_but_not_what_it_said(self, legal: User) -> None:
        ada = somebody()
        under_way(people=[ada])
        before = ListRow.objects.get().signed_leaf
        erase(ada, legal)
        after = ListRow.objects.get().signed_leaf
        assert len(after) == len(before) == 64
        assert after != before

    def test_the_door_says_no_to_whatever_still_asks(self, legal: User) -> None:
        ada = somebody()
        under_way(people=[ada])
        erase(ada, legal)
        enrollment = Enrollment.objects.select_related("contact__card", "row__recipient_list", "version").get()
        version = enrollment.version
        said = clearance.preview([asks.for_row(enrollment.row, version), asks.for_step(enrollment)], TUESDAY)
        assert [ruling.code for ruling in said] == ["suppressed", "suppressed"]

    def test_the_list_goes_on_without_them(self, legal: User) -> None:
        ada, other = somebody(), ContactFactory()
        running = running_list(TUESDAY, [ada, other])
        erase(ada, legal)
        assert lists.look_ahead(RecipientList.objects.get(pk=running.pk), TUESDAY).rows == 1


class TestWhatWasSaid:
    def test_frozen_bytes_go_and_their_digest_stays(self, legal: User) -> None:
        played({})
        digest = message().content_digest
        assert message().content
        erase(Contact.objects.get(), legal)
        assert (message().content, message().reply, message().content_digest) == (None, "", digest)
        assert message().state == State.ACCEPTED

    def test_servers_answers_go_as_well(self, legal: User) -> None:
        played({"rcpt": say("451 4.2.0 <ada.byron@pumps.example.com> try later")})
        assert Attempt.objects.get().answer
        erase(Contact.objects.get(), legal)
        assert Attempt.objects.get().answer == ""

    @pytest.mark.parametrize(
        "raw",
        [
            mail("Ada Byron <ada.byron@pumps.example.com>"),
            mail("ADA.BYRON+x@Pumps.Example.com"),
            mail("mailer-daemon@pumps.example.com", text="<ada.byron@pumps.example.com>: no such user"),
            mail("boss@pumps.example.com", subject="Fwd: ada.byron@pumps.example.com"),
            mail("boss@pumps.example.com", text="=E4 – write to Ada.Byron@pumps.example.com, please"),
        ],
    )
    def test_mails_from_or_about_them_are_emptied(self, legal: User, raw: bytes) -> None:
        ada = somebody()
        came = take(raw, at=TUESDAY)
        erase(ada, legal)
        assert bytes(InboundMessage.objects.get().raw) == b""
        assert InboundMessage.objects.get().verdict == came.verdict

    def test_the_words_that_decided_what_a_mail_is_go_with_it(self, legal: User) -> None:
        ada = somebody()
        raw = mail("Ada Byron <ada.byron@pumps.example.com>", text="Please unsubscribe me.")
        assert take(raw, at=TUESDAY).words
        erase(ada, legal)
        assert InboundMessage.objects.get().words == ""

    def test_mails_that_answer_a_message_of_ours_are_emptied(self, legal: User) -> None:
        played({})
        raw = mail("somebody.else@pumps.example.com")
        take(raw.replace(b"Subject:", f"In-Reply-To: {message().message_id}\nSubject:".encode()), at=TUESDAY)
        erase(Contact.objects.get(), legal)
        assert bytes(InboundMessage.objects.get().raw) == b""

    def test_the_mail_by_which_they_opted_out_is_emptied(self, legal: User) -> None:
        server, _counts = played({})
        to = re.search(rb"mailto:([^>]+)>", server.messages[0].content.replace(b"\r\n ", b""))
        assert to
        take(mail("no-name@phone.example"), recipient=to[1].decode(), at=TUESDAY)
        erase(Contact.objects.get(), legal)
        assert bytes(InboundMessage.objects.get().raw) == b""

    def test_mails_about_others_stay(self, legal: User) -> None:
        ada = somebody()
        take(mail("Bob <bob@pumps.example.com>"), at=TUESDAY)
        erase(ada, legal)
        assert b"Tell me more" in bytes(InboundMessage.objects.get().raw)


class TestOnTheWire:
    """FT-93: what has not passed the gate does not go; what has, finishes and is emptied afterwards."""

    def test_before_the_gate_it_does_not_go(self, legal: User, monkeypatch: pytest.MonkeyPatch) -> None:
        ada, really = somebody(), clearance.clear

        def at_the_gate(*args: Any, **rest: Any) -> Any:
            erase(ada, legal)
            return really(*args, **rest)

        monkeypatch.setattr(clearance, "clear", at_the_gate)
        with ScriptedServer({}) as server:
            under_way(server.port, people=[ada])
            play()
            assert server.messages == []
        erasing.erase_round(TUESDAY)
        assert message().state in {State.REFUSED, State.CANCELLED}
        assert message().content is None
        assert broken_promises() == {}

    def test_past_the_gate_its_bytes_stay_until_it_is_over(self, legal: User) -> None:
        left_behind(cleared=True)
        content = b"To: ada\r\n\r\nHi Ada"
        OutboundMessage.objects.update(content=content)
        erase(Contact.objects.get(), legal)
        assert bytes(message().content or b"") == content
        assert erasing.erase_round(TUESDAY) == {}
        move(message(), "accept", by=SYSTEM, at=TUESDAY, set={"reply": "250 ok"})
        assert erasing.erase_round(TUESDAY) == {"messages": 1}
        assert (message().content, message().reply) == (None, "")

    def test_what_was_put_back_is_cancelled_by_the_round(self, legal: User) -> None:
        left_behind(cleared=True)
        erase(Contact.objects.get(), legal)
        move(message(), "put_back", by=SYSTEM, at=TUESDAY)
        assert erasing.erase_round(TUESDAY)["cancelled"] == 1
        assert message().state == State.CANCELLED

    def test_the_round_leaves_others_alone(self) -> None:
        played({})
        assert erasing.erase_round(TUESDAY) == {}
        assert message().content


class TestTheLog:
    def test_counts_and_the_reason_are_kept_without_the_person(self, legal: User) -> None:
        ada = somebody()
        under_way(people=[ada])
        erase(ada, legal, "Ada Byron (ada.byron@pumps.example.com) asked on 17 November, ticket 4711; Adam knows")
        entry = AuditEntry.objects.get(verb="sequences.contact.erased")
        assert entry.reason == "… … (…) asked on 17 November, ticket 4711; Adam knows"
        assert {name: entry.data[name] for name in ("contacts", "passages", "rows")} == {
            "contacts": 1,
            "passages": 1,
            "rows": 1,
        }

    def test_the_chain_holds(self, legal: User) -> None:
        played({})
        erase(Contact.objects.get(), legal)
        sealer.seal_round(TUESDAY)
        assert sealer.verify().holds
        assert broken_promises() == {}


class TestWhoMay:
    def test_legal_may(self, legal: User) -> None:
        assert erase(somebody(), legal)["contacts"] == 1

    @pytest.mark.parametrize("role", ["content", "cmo", "cro", "sales_ops", "rep", "chief_of_staff", "integration"])
    def test_nobody_else_may(self, role: str) -> None:
        with pytest.raises(Refused) as error:
            erase(somebody(), UserFactory(role=role))
        assert error.value.codes == ("not_permitted",)
        assert Contact.objects.get().address

    def test_neither_may_the_installation_by_itself(self) -> None:
        with pytest.raises(Refused):
            erase(somebody(), SYSTEM)
