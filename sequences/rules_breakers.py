"""The door's own count of bounces and complaints: nothing passes once a limit is reached, before any halt is placed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from compliance.asking import Ask, Batch
from compliance.clearance import Rule, Verdict, defer, permit
from sequences import breakers
from sequences.breakers import Trip
from sequences.models import ListRow

_UNTIL_TRIPPED = timedelta(hours=1)
_UNTIL_SOMEBODY_SIGNS = timedelta(days=1)


@dataclass(frozen=True)
class Counted:
    """The limits that were reached, when each scope was last stopped or failed, and when the rows there were signed."""

    trips: Mapping[str, Trip]
    stopped: Mapping[str, datetime]
    signed: Mapping[int, datetime | None]

    @cached_property
    def nothing(self) -> bool:
        """Whether no breaker has anything against anybody of the batch, as nearly always."""
        return not self.trips and not self.stopped


class BreakersHold(Rule):
    """Its list, mailbox and sending domain are below the limits of bounces and complaints; what a breaker stopped, or
    is sent from a domain that failed, was signed again (LAW BNC-09, ARF-05, APR-05)."""

    def load(self, asks: Batch, at: datetime) -> Counted:
        scopes = {scope for ask in asks if ask.step is not None for scope in _scopes(ask)}
        trips = {trip.scope: trip for trip in breakers.tripped(scopes, at) if not trip.warning}
        stopped = breakers.signed_too_early(scopes)
        return Counted(trips, stopped, _signed(asks, stopped) if stopped else {})

    def judge(self, ask: Ask, facts: Counted, at: datetime) -> Verdict:
        if ask.step is None or ask.enrollment is None or facts.nothing:
            return permit()
        for scope in _scopes(ask):
            if trip := facts.trips.get(scope):
                said = {"scope": scope, "limit": trip.code, "bad": trip.bad, "of": trip.of}
                return defer("breaker", at + _UNTIL_TRIPPED, **said)
        signed = facts.signed.get(ask.enrollment)
        for scope in _scopes(ask):
            stopped = facts.stopped.get(scope)
            if stopped and (signed is None or signed <= stopped):
                return defer("sign_again", at + _UNTIL_SOMEBODY_SIGNS, scope=scope, stopped=stopped.isoformat())
        return permit()


def _signed(asks: Batch, stopped: Mapping[str, datetime]) -> dict[int, datetime | None]:
    passages = {ask.enrollment for ask in asks if ask.enrollment and not stopped.keys().isdisjoint(_scopes(ask))}
    return dict(ListRow.objects.filter(enrollments__in=passages).values_list("enrollments", "signed_at"))


def _scopes(ask: Ask) -> list[str]:
    named = (ask.recipient_list, ask.mailbox, f"sending-domain:{ask.sending_domain}" if ask.sending_domain else "")
    return [scope for scope in named if scope]
