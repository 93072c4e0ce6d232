"""What stands against all mail at once: halts, a database that may not send, opt-outs that may be waiting elsewhere.

These rules come first: whoever asks why nothing goes reads it at the top.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from compliance import arming, clock, declaring, halts, heartbeats, hosts
from compliance.asking import Ask, Batch
from compliance.clearance import Rule, Verdict, defer, permit
from compliance.faults import Fault
from compliance.findings import Weight
from compliance.heartbeats import Kind
from compliance.models import DomainVerdict, Halt, SendingDomain

_UNTIL_ASKED_AGAIN = timedelta(hours=1)
_UNTIL_ARMED = timedelta(minutes=5)
_UNTIL_DRAINED = timedelta(minutes=1)
_UNTIL_LOOKED_AT = timedelta(minutes=10)
# A person has to mend the records. Once they pass, what waits is asked again at once.
_UNTIL_MENDED = timedelta(days=1)
_LINK_MAY_BE_SILENT = timedelta(minutes=15)
_INBOX_MAY_BE_UNREAD = timedelta(minutes=15)
_LEAVES, _STAYS = permit(leaves_machine=True), permit(leaves_machine=False)


class NotHalted(Rule):
    """Nothing that this message belongs to stands still (LAW PIP-13; spec X8)."""

    def load(self, asks: Batch, at: datetime) -> Mapping[str, Halt]:
        # All that stand, by one query: they are few, and a batch names thousands of scopes.
        return halts.standing()

    def judge(self, ask: Ask, facts: Mapping[str, Halt], at: datetime) -> Verdict:
        if ask.step is None or not facts:
            return permit()
        for scope in (halts.EVERYTHING, *sorted(ask.scopes)):
            if row := facts.get(scope):
                return defer("halted", at + _UNTIL_ASKED_AGAIN, halt=row.pk, scope=halts.opaque(scope))
        return permit()


class Armed(Rule):
    """This database, seen from this host, is the one that sends (LAW PIP-14, PIP-17; spec X8)."""

    def load(self, asks: Batch, at: datetime) -> Fault | None:
        return arming.look()

    def judge(self, ask: Ask, facts: Fault | None, at: datetime) -> Verdict:
        if ask.step is None or facts is None:
            return permit()
        return defer(facts.code, at + _UNTIL_ARMED)


class OptOutsAreIn(Rule):
    """No web host holds opt-outs that are not in the database yet, nor may hold any (LAW UNS-09).

    Signs of life are judged by the real clock, whatever moment a round plays.
    """

    def load(self, asks: Batch, at: datetime) -> Sequence[str]:
        here = [] if hosts.opt_outs().empty() else [hosts.this_host()]
        return here or hosts.overdue(clock.lease_clock())

    def judge(self, ask: Ask, facts: Sequence[str], at: datetime) -> Verdict:
        if ask.step is None or not facts:
            return permit()
        return defer("opt_outs_may_wait", at + _UNTIL_DRAINED, host=facts[0], hosts=len(facts))


class EarlierOptOutsAreKnown(Rule):
    """The opt-outs of the time before are loaded, or somebody has said that there are none (LAW SUP-12)."""

    def load(self, asks: Batch, at: datetime) -> bool:
        return declaring.declared()

    def judge(self, ask: Ask, facts: bool, at: datetime) -> Verdict:
        if ask.step is None or facts:
            return permit()
        return defer("opt_outs_not_declared", at + _UNTIL_ASKED_AGAIN)


class UnsubscribeWorks(Rule):
    """What leaves this machine carries a link that has lately worked from outside (LAW UNS-15)."""

    def load(self, asks: Batch, at: datetime) -> bool:
        last = heartbeats.owed(Kind.CANARY).get(heartbeats.LINK)
        return last is not None and last > clock.lease_clock() - _LINK_MAY_BE_SILENT

    def judge(self, ask: Ask, facts: bool, at: datetime) -> Verdict:
        if ask.step is None or not ask.leaves_machine or facts:
            return _LEAVES if ask.leaves_machine else _STAYS
        return defer("unsubscribe_link_broken", at + _UNTIL_DRAINED)


class InboxIsRead(Rule):
    """The inbox that answers to this mailbox reach has lately been read; else a "stop" may lie in it (LAW THR-06).

    Only an inbox that somebody has begun to read is owed.
    """

    def load(self, asks: Batch, at: datetime) -> Mapping[str, datetime]:
        oldest = clock.lease_clock() - _INBOX_MAY_BE_UNREAD
        return {name: last for name, last in heartbeats.owed(Kind.INBOX).items() if last <= oldest}

    def judge(self, ask: Ask, facts: Mapping[str, datetime], at: datetime) -> Verdict:
        if ask.step is None or ask.mailbox not in facts:
            return permit()
        return defer("inbox_stale", at + _UNTIL_DRAINED, mailbox=ask.mailbox, read=facts[ask.mailbox].isoformat())


class SendingDomainPasses(Rule):
    """What leaves this machine is from a domain whose records let receivers believe it (LAW DOM-04; spec CO7)."""

    def load(self, asks: Batch, at: datetime) -> Mapping[str, Verdict]:
        names = {ask.sending_domain for ask in asks if ask.step is not None and ask.leaves_machine}
        rows = SendingDomain.objects.filter(domain__in=names) if names else []
        return {row.domain: _of_domain(row, at) for row in rows}

    def judge(self, ask: Ask, facts: Mapping[str, Verdict], at: datetime) -> Verdict:
        if ask.step is None or not ask.leaves_machine:
            return permit()
        said = facts.get(ask.sending_domain)
        return said or defer("domain_unchecked", at + _UNTIL_LOOKED_AT, domain=ask.sending_domain)


def _of_domain(row: SendingDomain, at: datetime) -> Verdict:
    stands, checked = row.stands(at), row.decided_at.isoformat() if row.decided_at else None
    if stands == DomainVerdict.PASSES:
        return permit(checked=checked)
    if stands == DomainVerdict.UNKNOWN:
        return defer("domain_unchecked", at + _UNTIL_LOOKED_AT, domain=row.domain, checked=checked)
    against = [one["code"] for one in row.findings if one["weight"] == Weight.FAILS]
    return defer("domain_fails", at + _UNTIL_MENDED, domain=row.domain, checked=checked, findings=against)
