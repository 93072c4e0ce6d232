"""Decides what follows when two accounts turn out to be one company (LAW SUP-07, SUP-09, LIM-03).

The people of the other go over with their passages, texts that name the company are signed again, and caps and stops
count for both. What was merged stays as a name and a domain by which a later file finds the company it is.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance import audit, companies, locks, persons
from compliance.acts import Consent
from compliance.models import IdentityChange
from compliance.persons import OvertakenError
from compliance.principals import SYSTEM, Principal, System
from compliance.refusals import Refusal, Refused, unless_said
from compliance.stopped import stopped_accounts
from sequences.models import Account, Contact, Enrollment

PERMISSION = "sequences.merge_account"
_BOTH = ("kept", "absorbed")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Consequences:
    """What a merge would do: who goes over, how many passages they are in, whether a stop comes to hold for both."""

    kept: Account
    other: Account
    people: int
    passages: int
    stopped: bool


def foresee(kept: Account, other: Account) -> Consequences:
    """What would follow, changing nothing."""
    people = Contact.objects.filter(account=other)
    passages = Enrollment.objects.filter(contact__in=people, state=Enrollment.State.ACTIVE)
    stopped = bool(stopped_accounts([kept.key, other.key]))
    return Consequences(kept, other, people.count(), passages.count(), stopped)


def against_anything(account: Account, by: Principal) -> list[Refusal]:
    """Whether this principal may say that the account is another company at all."""
    if isinstance(by, System) or not (by.is_active and by.has_perm(PERMISSION)):
        return [Refusal("not_permitted", _("Your roles do not include this."))]
    if account.merged_into_id:
        return [Refusal("merged_already", _("This account was merged into another one; go there."))]
    return []


def against_merging(kept: Account, other: Account, by: Principal) -> list[Refusal]:
    """Everything that keeps these two from becoming one."""
    if refusals := against_anything(kept, by):
        return refusals
    if kept.key == other.key:
        return [Refusal("one_already", _("They are one company already."))]
    if other.merged_into_id:
        text = _("That account belongs to another one: name the account it was merged into.")
        return [Refusal("merged_already", text)]
    if other.domain and not kept.domain:
        text = _("The account that stays needs a domain when the other one has one: merge them the other way round.")
        return [Refusal("no_domain", text)]
    return companies.against_merging(kept.key, other.key)


def merge_accounts(kept: Account, other: Account, *, by: Principal, at: datetime, consent: Consent) -> Account:
    """`other` is the same company as `kept`; return the account it is known under from now on. Raises Refused.

    It is not taken back: whoever was merged by mistake is given another account by hand.
    """
    return persons.unless_overtaken(lambda: _merge(kept.pk, other.pk, by=by, at=at, consent=consent))


def _merge(kept_pk: int, other_pk: int, *, by: Principal, at: datetime, consent: Consent) -> Account:
    with transaction.atomic(durable=not connection.in_atomic_block):
        kept, other = _held(kept_pk, other_pk)
        if refusals := [*against_merging(kept, other, by), *unless_said(consent.comment)]:
            raise Refused(refusals)
        said, called = consent.comment.strip(), _called(kept, other)
        stops = companies.merge(kept.key, other.key, _domains(kept, other), by=by, at=at, reason=said, called=called)
        _go_over(kept, other, len(stops), by=by, at=at, reason=said)
    return Account.objects.get(pk=kept_pk)


def follow(change: IdentityChange, *, at: datetime) -> None:
    """A journal has brought this merge back: its accounts follow, if this database knows both.

    While somebody asks to start one of them again it is left for later.
    """
    persons.unless_overtaken(lambda: _follow(change, at=at))


def _follow(change: IdentityChange, *, at: datetime) -> None:
    with transaction.atomic(durable=not connection.in_atomic_block):
        named = _named_by(change)
        if not named:
            _log.warning("merge %s of the journal is of accounts that are not known; its stops hold", change.order_no)
        keys = {row.merged_into_id or row.pk: None for row in named}
        if len(keys) == len(_BOTH):
            kept, other = _held(*keys)
            if companies.against_merging(kept.key, other.key):
                return
            said = _now("Taken back from the journal.")
            stops = companies.follow(kept.key, other.key, _domains(kept, other), by=SYSTEM, at=at, reason=said)
            _go_over(kept, other, len(stops), by=SYSTEM, at=at, reason=said)
        companies.mark_followed(change, at=at)


def _named_by(change: IdentityChange) -> list[Account]:
    """Both, as they were named; none unless this database knows both by the same names."""
    keys = [change.told[name].removeprefix("account:") for name in _BOTH]
    known = Account.objects.in_bulk([int(key) for key in keys if key.isdecimal()])
    rows = [known[int(key)] for key in keys if key.isdecimal() and int(key) in known]
    return rows if companies.are_called(change, _called(*rows)) else []


def _go_over(kept: Account, other: Account, stops: int, *, by: Principal, at: datetime, reason: str) -> None:
    people = Contact.objects.filter(account=other).update(account=kept)
    Account.objects.filter(Q(pk=other.pk) | Q(merged_into=other)).update(merged_into=kept)
    told = {"into": audit.reference(kept), "people": people, "stops": stops}
    audit.record("sequences.account.merged", audit.reference(other), by=by, at=at, reason=reason, **told)


def _called(*rows: Account) -> list[str]:
    """What joins two spellings of a company (`Account.domain`), or else its name."""
    return [f"@{row.domain}" if row.domain else row.name for row in rows]


def _held(*keys: int) -> tuple[Account, ...]:
    """These accounts as they are, locked: no clearance of them decides, and nobody merges them, meanwhile."""
    before = _fresh(keys)
    # All in one go: a clearance takes them in their order, too.
    locks.own_scopes(companies.scopes({row.key for row in before}, _domains(*before)))
    list(Account.objects.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True))
    now = _fresh(keys)
    if [(row.key, row.domain) for row in now] != [(row.key, row.domain) for row in before]:
        raise OvertakenError
    return now


def _fresh(keys: Sequence[int]) -> tuple[Account, ...]:
    rows = Account.objects.in_bulk(keys)
    return tuple(rows[key] for key in keys)


def _domains(*rows: Account) -> list[str]:
    return [row.domain for row in rows if row.domain]
