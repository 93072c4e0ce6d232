"""Sets up a list that is under way, at a mail server of the test, and says which promises were broken."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from compliance import addresses, clock, invariants, sealer, suppression
from compliance.models import PlaybookVersion, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from compliance.transitions import move
from sequences import planner, sender
from sequences.models import Contact, Enrollment, Mailbox, OutboundMessage, RecipientList, SequenceVersion
from tests.cast import TUESDAY
from tests.factories import ContactFactory, MailboxFactory, approved_sequence, playbook_loaded, running_list
from tests.sequences.scripted_smtp import Script, ScriptedServer

State = OutboundMessage.State
EVERY_DAY = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "opens": "00:00", "closes": "23:59"}
PLENTY: Mapping[str, Mapping[str, Any]] = {
    name: {"limit": 10_000, "hours": 24, "because": "Nobody but this test is written to."}
    for name in ("account", "recipient_domain", "mailbox", "new_people")
}


def under_way(
    port: int = 2525,
    *,
    people: int | Sequence[Contact] = 1,
    steps: int = 1,
    at: datetime = TUESDAY,
    version: SequenceVersion | None = None,
    **mailbox: Any,
) -> RecipientList:
    """A signed list whose first step is due for everybody at `at`, to be sent through the server at `port`."""
    if not PlaybookVersion.objects.exists():
        playbook_loaded()
    if not Mailbox.objects.exists():
        MailboxFactory(port=port, **mailbox)
    contacts = ContactFactory.create_batch(people) if isinstance(people, int) else people
    row = running_list(at, contacts, version or approved_sequence(at, steps=steps))
    Enrollment.objects.filter(row__recipient_list=row).update(due_at=at)
    return row


def play(at: datetime = TUESDAY) -> dict[str, int]:
    """Plan and send what is due; what the messages came to, without the zeros."""
    planner.plan_round(at)
    return {what: count for what, count in sender.send_round(at).items() if count}


def played(script: Mapping[str, Script], *, people: int = 1, steps: int = 1) -> tuple[ScriptedServer, dict[str, int]]:
    """One round against a server with a script; the server has left by then."""
    with ScriptedServer(script) as server:
        under_way(server.port, people=people, steps=steps)
        return server, play()


def message() -> OutboundMessage:
    """The one message, as it is now."""
    return OutboundMessage.objects.get()


def passage() -> Enrollment:
    """The one enrollment, as it is now."""
    return Enrollment.objects.get()


def broken_promises() -> dict[str, int]:
    """What must never be, by name; empty when everything holds."""
    found = {one.name: one.count() for one in invariants.declared()}
    found["chain_broken"] = int(not sealer.verify().holds)
    return {name: count for name, count in found.items() if count}


def opt_out(address: str) -> None:
    """What a click on the link does."""
    stop = Stop(SuppressionReason.ONE_CLICK)
    suppression.stop_address(addresses.parse(address), stop, by=SYSTEM, at=TUESDAY)


def left_behind(*, cleared: bool, lease: timedelta = timedelta(minutes=-1), planned: bool = False) -> None:
    """A message whose worker is gone; its lease ends `lease` from the real moment."""
    if not planned:
        under_way()
    planner.plan_round(TUESDAY)
    told = {"lease_token": "somebody", "lease_until": clock.lease_clock() + lease}
    (claimed,) = move(message(), "claim", by=SYSTEM, at=TUESDAY, set=told)
    if cleared:
        move(claimed, "clear", by=SYSTEM, at=TUESDAY)
