"""Many workers at one queue: each message once, no cap exceeded, no stop overtaken (LAW §2, PIP-01, PIP-07, PIP-12)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User

from compliance import suppression, tokens
from compliance.acts import Consent
from compliance.models import AddressCard, Decision, Suppression, SuppressionReason, Touch
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.suppression import Stop
from handoff import metrics
from handoff.demo.catcher import Catcher
from sequences import enrollment, lists, mailboxes, planner, sender
from sequences.inbound.intake import take
from sequences.models import (
    Contact,
    Enrollment,
    ExitReason,
    InboundMessage,
    Mailbox,
    OutboundMessage,
    RecipientList,
    SequenceVersion,
)
from tests.cast import TUESDAY
from tests.concurrency.together import together
from tests.factories import (
    AccountFactory,
    ContactFactory,
    MailboxFactory,
    RecipientListFactory,
    UserFactory,
    approved_sequence,
    having_read,
    playbook_loaded,
    submitted_list,
)
from tests.sequences.campaign import PLENTY, State, broken_promises, message, opt_out, passage, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer, say

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

WORKERS = 12
LONG_PAST = TUESDAY.replace(year=2020)


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    """A server that takes everything."""
    with Catcher() as running:
        yield running


def crowd(*works: Callable[[], object]) -> None:
    """All of them at once, and none of them failed."""
    assert together(works) == []


def rounds(at: datetime = TUESDAY) -> None:
    """What one worker does: plan, send, look after the dead, and again."""
    for _round in range(3):
        play(at)
        sender.recover_round(at)


def minute_by_minute(catcher: Catcher, messages: int) -> None:
    """All workers, as long as they get on: on a busy machine a round's minute ends before it has sent its batch."""
    for minute in range(messages):
        before = len(catcher.caught)
        crowd(*[partial(rounds, TUESDAY + timedelta(minutes=minute))] * WORKERS)
        if len(catcher.caught) in {before, messages}:
            return


class TestOneCopy:
    def test_twelve_workers_send_three_hundred_messages_once_each(self, catcher: Catcher) -> None:
        playbook_loaded(caps=PLENTY)
        under_way(catcher.port, people=300)
        minute_by_minute(catcher, 300)
        assert len(catcher.caught) == 300
        assert len({caught.message_id for caught in catcher.caught}) == 300
        assert len({caught.recipient for caught in catcher.caught}) == 300
        assert metrics.message_states() == {State.ACCEPTED: 300}
        assert metrics.enrollment_ends() == {ExitReason.FINISHED: 300}
        assert broken_promises() == {}

    def test_a_step_planned_by_twenty_at_once_is_one_message(self) -> None:
        under_way()
        crowd(*[partial(planner.plan_round, TUESDAY)] * 20)
        assert OutboundMessage.objects.count() == 1

    def test_two_lists_signed_at_once_take_each_person_once(self) -> None:
        MailboxFactory()
        people, version = ContactFactory.create_batch(30), approved_sequence(TUESDAY, steps=1)
        turned = [people[start:] + people[:start] for start in (0, 10, 20)] + [people[::-1]]
        loaded = [submitted_list(TUESDAY, order, version).pk for order in turned]
        signers = [UserFactory(role="cro") for _list in loaded]
        crowd(*[partial(sign, row, by=signer) for row, signer in zip(loaded, signers, strict=True)])
        assert Enrollment.objects.count() == 30
        assert Enrollment.objects.values("person").distinct().count() == 30

    def test_rows_added_while_a_list_is_submitted_are_on_it_or_refused(self) -> None:
        row = RecipientListFactory(sequence_version=approved_sequence(TUESDAY, steps=1))
        first, *others = ContactFactory.create_batch(9)
        lists.add(row, [(first, "trade_fair", "consent")], by=row.author, at=TUESDAY)
        faults = together([partial(add, row.pk, contact) for contact in others] + [partial(submit, row.pk)])
        assert {type(fault) for fault in faults} <= {Refused}
        submitted = RecipientList.objects.get()
        assert submitted.state == RecipientList.State.SUBMITTED
        assert submitted.digest == lists.digest_now(submitted)
        assert submitted.rows.count() == 9 - len(faults)

    def test_a_mail_taken_in_by_eight_at_once_is_stored_and_obeyed_once(self) -> None:
        digest = AddressCard.objects.get(pk=ContactFactory().card_id).digest
        token = tokens.make(tokens.Purpose.UNSUBSCRIBE, message=1, digest=digest)
        crowd(*[partial(take, b"", recipient=f"u-{token}@ours.example.com", at=TUESDAY)] * 8)
        assert InboundMessage.objects.count() == Suppression.objects.count() == 1


class TestCaps:
    @pytest.mark.parametrize("cap", ["mailbox", "mailbox_minute", "new_people", "account", "recipient_domain"])
    def test_exactly_as_many_as_the_cap_allows_get_through(self, catcher: Catcher, cap: str) -> None:
        hours = {} if cap == "mailbox_minute" else {"hours": 24}
        playbook_loaded(caps={**PLENTY, cap: {"limit": 3, **hours}})
        under_way(catcher.port, people=ContactFactory.create_batch(48, account=AccountFactory()))
        planner.plan_round(TUESDAY)
        # What the planner said is forgotten: everybody asks the door at once.
        OutboundMessage.objects.update(not_before=TUESDAY)
        crowd(*[rounds] * WORKERS)
        assert len(catcher.caught) == 3
        assert OutboundMessage.objects.filter(state=State.PLANNED, reason=f"{cap}_cap").count() == 45
        assert broken_promises() == {}

    def test_a_new_mailbox_sends_exactly_what_its_age_allows(self, catcher: Catcher) -> None:
        quick = {"limit": 600, "because": "The day is looked at, not the minute."}
        playbook_loaded(caps={**PLENTY, "mailbox_minute": quick})
        MailboxFactory(port=catcher.port, provider=Mailbox.Provider.GOOGLE, created_at=TUESDAY)
        under_way(people=60)
        crowd(*[rounds] * WORKERS)
        assert len(catcher.caught) == 20
        waiting = OutboundMessage.objects.filter(state=State.PLANNED, reason="mailbox_cap")
        assert set(waiting.values_list("not_before", flat=True)) == {TUESDAY + timedelta(days=1)}
        assert broken_promises() == {}

    def test_two_mailboxes_have_a_cap_each(self, catcher: Catcher) -> None:
        playbook_loaded(caps={**PLENTY, "mailbox": {"limit": 3, "hours": 24}})
        MailboxFactory.create_batch(2, port=catcher.port)
        under_way(people=40)
        crowd(*[rounds] * WORKERS)
        assert len(catcher.caught) == 6
        assert Touch.objects.count() == Decision.objects.filter(outcome="permit").count() == 6


def taken_out() -> None:
    enrollment.leave([passage()], ExitReason.REMOVED, by=SYSTEM, at=TUESDAY)


def list_withdrawn() -> None:
    row = RecipientList.objects.get()
    lists.withdraw(row, by=UserFactory(role="cro"), at=TUESDAY, consent=Consent("Wrong people."))


def mailbox_stopped() -> None:
    mailboxes.stop(Mailbox.objects.get(), by=SYSTEM, at=TUESDAY, consent=Consent("By hand."))


def domain_stopped() -> None:
    domain = Contact.objects.get().address.partition("@")[2]
    suppression.stop_domain(domain, Stop(SuppressionReason.LEGAL_DEMAND), by=SYSTEM, at=TUESDAY)


def opted_out() -> None:
    opt_out(Contact.objects.get().address)


def opted_out_by_token() -> None:
    digest = AddressCard.objects.get(pk=Contact.objects.get().card_id).digest
    suppression.stop_digest(digest, Stop(SuppressionReason.MAILTO), by=SYSTEM, at=TUESDAY)


def renamed() -> None:
    Contact.objects.update(first_name="Augusta")


def sequence_changed() -> None:
    SequenceVersion.objects.get().steps.update(wait_days=99)


class TestBetweenRcptAndData:
    """The server has said yes to the recipient; then, on another connection, something is committed."""

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (opted_out, "suppressed"),
            (opted_out_by_token, "suppressed"),
            (domain_stopped, "suppressed"),
            (list_withdrawn, "list_withdrawn"),
            (taken_out, "enrollment_ended"),
            (mailbox_stopped, "mailbox_stopped"),
            (renamed, "row_changed"),
            (sequence_changed, "sequence_changed"),
        ],
    )
    def test_nothing_is_transmitted_any_more(self, change: Callable[[], None], reason: str) -> None:
        with Catcher(refuse=at_rcpt(change)) as catcher:
            under_way(catcher.port)
            play()
        assert catcher.caught == []
        assert message().reason == reason
        assert broken_promises().keys() == ({"changed_after_signing"} if change is sequence_changed else set())

    def test_a_worker_that_lost_its_lease_sends_nothing(self) -> None:
        with Catcher(refuse=at_rcpt(lease_lost)) as catcher:
            under_way(catcher.port)
            assert play() == {"lost": 1}
        assert catcher.caught == []
        assert (message().state, message().reason) == (State.PLANNED, "worker_lost")
        assert broken_promises() == {}

    def test_another_worker_that_took_it_over_sends_the_only_copy(self, catcher: Catcher) -> None:
        def taken_over() -> None:
            lease_lost()
            # The first server is still busy with the first worker.
            Mailbox.objects.update(port=catcher.port)
            OutboundMessage.objects.update(not_before=TUESDAY)
            play()

        with Catcher(refuse=at_rcpt(taken_over)) as first:
            under_way(first.port)
            assert play() == {"lost": 1}
        assert (len(first.caught), len(catcher.caught)) == (0, 1)
        assert message().state == State.ACCEPTED
        assert broken_promises() == {}


class TestStopsDuringACampaign:
    def test_whoever_stops_first_gets_nothing_and_the_order_proves_it(self, catcher: Catcher) -> None:
        playbook_loaded(caps=PLENTY)
        under_way(catcher.port, people=120)
        planner.plan_round(TUESDAY)
        addresses = list(Contact.objects.order_by("pk").values_list("address", flat=True))

        stops = [partial(each, opt_out, addresses[number::12]) for number in range(6)]
        crowd(*[rounds] * 6, *stops)
        assert metrics.sends_after_stop() == 0
        assert len(catcher.caught) + OutboundMessage.objects.exclude(state=State.ACCEPTED).count() == 120
        assert broken_promises() == {}

    def test_workers_that_stop_one_domain_do_not_block_each_other(self) -> None:
        with ScriptedServer({"dot": say("550 5.7.26 unauthenticated mail")}) as server:
            playbook_loaded(caps=PLENTY)
            MailboxFactory.create_batch(6, port=server.port)
            under_way(people=60)
            crowd(*[rounds] * 6)
        assert not Mailbox.objects.filter(state=Mailbox.State.ACTIVE).exists()
        assert metrics.message_states() == {State.PLANNED: 60}
        assert broken_promises() == {}


def each(act: Callable[[str], None], values: Sequence[str]) -> None:
    for value in values:
        act(value)


def add(pk: int, contact: Contact) -> None:
    row = RecipientList.objects.get(pk=pk)
    lists.add(row, [(contact, "trade_fair", "consent")], by=row.author, at=TUESDAY)


def submit(pk: int) -> None:
    row = RecipientList.objects.get(pk=pk)
    lists.submit(row, by=row.author, at=TUESDAY, consent=Consent())


def sign(pk: int, *, by: User) -> None:
    row = RecipientList.objects.get(pk=pk)
    lists.sign(row, by=by, at=TUESDAY, consent=having_read(row, by, TUESDAY, "Fine."))


def lease_lost() -> None:
    """The worker was away for longer than its lease, and another one cleaned up."""
    OutboundMessage.objects.update(lease_until=LONG_PAST)
    sender.recover_round(TUESDAY)


def at_rcpt(change: Callable[[], None]) -> Callable[[str], None]:
    """Let `change` be committed, once, before the server answers RCPT."""
    todo = [change]

    def answer(_recipient: str) -> None:
        if todo:
            assert together([todo.pop()]) == []

    return answer
