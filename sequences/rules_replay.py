"""Decides whether a message may have gone already, here or in a life of the database that was lost (LAW PIP-14, G2).

A person may take the risk of a second copy, but not of what only a journal knows.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from compliance import replay
from compliance.asking import Ask, Batch
from compliance.clearance import Rule, Verdict, permit, refuse
from compliance.models import Decision, LostStep, Outcome, PersonKey
from sequences.models import Attempt, Resend

_UNSENT = ("notsent", "rejected")


@dataclass(frozen=True)
class Used:
    """A permission that may have been used. `lost`: in another life, so that no try of this one says anything of it."""

    attempt: int
    person: UUID
    lost: bool


@dataclass(frozen=True)
class Facts:
    """What was permitted under each reference, and which steps people were sent in a life that was lost."""

    used: Mapping[str, Sequence[Used]]
    steps: frozenset[tuple[str, str, int]]

    @cached_property
    def nothing(self) -> bool:
        """Whether nothing of the batch was ever permitted before, as nearly always."""
        return not self.used and not self.steps


class NotSentBefore(Rule):
    """No earlier permission of this message to this person is without proof that it was not used, or a person's word.

    Should there be one, the message is not sent: its passage goes on with the next step. Whoever was loaded again after
    a restore is known by the digest of their address; the same step of the same sequence is not sent to it twice.
    """

    def load(self, asks: Batch, at: datetime) -> Facts:
        refs = [ask.ref for ask in asks if ask.step is not None]
        permits = Decision.objects.filter(ref__among=refs, outcome=Outcome.PERMIT)
        rows = list(permits.only("ref", "attempt", "person", "code"))
        unsent = Attempt.objects.filter(message__ref__among={row.ref for row in rows}, outcome__in=_UNSENT)
        proven = set(unsent.values_list("message__ref", "number")) if rows else set()
        proven |= _decided({row.ref for row in rows})
        found: dict[str, list[Used]] = defaultdict(list)
        for row in rows:
            lost = row.code == replay.CODE
            if lost or (row.ref, row.attempt) not in proven:
                found[row.ref].append(Used(row.attempt, _is_now(row.person), lost))
        return Facts(found, _steps(asks))

    def judge(self, ask: Ask, facts: Facts, at: datetime) -> Verdict:
        if ask.step is None or facts.nothing:
            return permit()
        theirs = [used for used in facts.used.get(ask.ref, ()) if used.person == ask.person]
        # The permission of this very try, while it is on the wire, is no earlier one.
        before = [used.attempt for used in theirs if used.lost or used.attempt != ask.attempt]
        if before:
            return refuse("maybe_sent_before", ends=False, attempts=before)
        if any((digest, _series(ask), ask.step) in facts.steps for digest in _digests(ask, facts)):
            return refuse("maybe_sent_before", ends=False, step=ask.step)
        return permit()


def _decided(refs: Collection[str]) -> set[tuple[str, int]]:
    """The tries after which a person had the message sent again."""
    if not refs:
        return set()
    return set(Resend.objects.filter(message__ref__among=refs).values_list("message__ref", "attempt"))


def _steps(asks: Sequence[Ask]) -> frozenset[tuple[str, str, int]]:
    if not LostStep.objects.exists():
        return frozenset()
    digests = {digest for ask in asks if ask.step is not None for digest in ask.card_digests}
    return frozenset(LostStep.objects.filter(card__among=digests).values_list("card", "series", "step"))


def _digests(ask: Ask, facts: Facts) -> Sequence[str]:
    return ask.card_digests if facts.steps else ()


def _series(ask: Ask) -> str:
    return ask.series or ask.sequence


def _is_now(person: UUID) -> UUID:
    """Whom this person turned out to be; a reference may by now belong to somebody else altogether."""
    while into := PersonKey.objects.filter(pk=person).values_list("merged_into", flat=True).first():
        person = into
    return person
