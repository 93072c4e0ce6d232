"""Decides how a stop ends: by the person's own opt-in and two people, a bounce by one with a reason (LAW SUP-05).

Lifting takes the same locks as stopping and clearing, and draws its number under them: of a lift, a stop and a
clearance it is certain which came first. The database compares what a lift says with the stop once more.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from compliance import audit, cards, identities, journaling, locks, stopped, subjects
from compliance.acts import Act, Consent
from compliance.addresses import Address
from compliance.factor import Kind
from compliance.models import (
    Lift,
    LiftRequest,
    OptIn,
    PersonKey,
    Strength,
    Suppression,
    SuppressionDigest,
    SuppressionReason,
)
from compliance.principals import Principal, System, actor
from compliance.refusals import Refusal, Refused
from compliance.transitions import move

RECORD, ASK = "compliance.record_optin", "compliance.ask_lift"
# Sealed, it must fit the column.
WORDING_OCTETS = 2000
_SOURCE, _REASON = 200, 500
_SHOWN = 20
_ALREADY_ASKED = Refusal("already_asked", _("Somebody has asked already; it waits for a second person."))


def record_opt_in(address: Address, way: OptIn.Way, wording: str, source: str, *, by: Principal, at: datetime) -> OptIn:
    """Keep the person's own wish to be written to: how it came, what they were shown, where the proof is.

    It lifts nothing by itself. Raises Refused.
    """
    _refuse([*_not_permitted(by, RECORD), *_untold(wording, source)])
    card = cards.find_or_make([address], at=at)[address.canonical]
    with transaction.atomic():
        locks.lock_cards([card.person_id])
        (order,) = locks.draw_order(1)
        row = OptIn.objects.create(
            order_no=order,
            at=at,
            person=card.person_id,
            digest=_digest(address),
            way=way,
            wording=subjects.seal(card.person_id, wording.strip()),
            source=source.strip()[:_SOURCE],
            recorded_by=actor(by),
        )
        audit.record("optin.recorded", audit.reference(row), by=by, at=at, code=way, person=row.person, order=order)
    return row


def _digest(address: Address) -> str:
    """Of the digests of the address that by which a stop names it; under the oldest key if none does."""
    digests = cards.canonical_digests(address)
    stopped = set(SuppressionDigest.objects.filter(digest__in=digests).values_list("digest", flat=True))
    return next((digest for digest in digests if digest in stopped), digests[0])


def wording_of(opt_in: OptIn) -> str | None:
    """What the person was shown or said; None once they have been erased."""
    return subjects.unseal(opt_in.person, opt_in.wording)


def fresh_opt_ins(stop: Suppression) -> QuerySet[OptIn]:
    """The person's own opt-ins that are younger than the stop, the youngest first."""
    theirs = Q(digest__in=stop.digests.values("digest"))
    if stop.person:
        survivors = PersonKey.objects.filter(absorbed=stop.person).values("pk")
        theirs |= Q(person=stop.person) | Q(person__in=survivors)
    return OptIn.objects.filter(theirs, order_no__gt=stop.order_no).order_by("-order_no")


def others_standing(stop: Suppression) -> list[Suppression]:
    """Further stops of the same person that hold, the strongest first: lifting one lifts no other."""
    theirs = Suppression.objects.filter(person=stop.person, lift=None).exclude(pk=stop.pk)
    return list(theirs.order_by("-strength", "order_no")[:_SHOWN])


def against_asking(stop: Suppression, by: Principal) -> list[Refusal]:
    """Everything that keeps this person from asking that the stop be lifted."""
    found = [*_not_permitted(by, ASK), *identities.against_unknown(by), *_against_lifting(stop)]
    if LiftRequest.objects.filter(stop=stop, state=LiftRequest.State.ASKED).exists():
        found.append(_ALREADY_ASKED)
    if _is_strong(stop) and not fresh_opt_ins(stop).exists():
        found.append(_no_opt_in(stop))
    return found


def ask(stop: Suppression, opt_in: OptIn | None, reason: str, *, by: Principal, at: datetime) -> LiftRequest:
    """Ask a second person to lift the stop. Raises Refused."""
    refusals = [*against_asking(stop, by), *_unsaid(reason)]
    if _is_strong(stop) and opt_in is None:
        refusals.append(Refusal("opt_in_missing", _("Say which opt-in of theirs it rests on."), "opt_in"))
    if opt_in and not fresh_opt_ins(stop).filter(pk=opt_in.pk).exists():
        text = _("This opt-in is older than the stop, or somebody else's.")
        refusals.append(Refusal("opt_in_not_theirs", text, "opt_in"))
    _refuse(refusals)
    try:
        with transaction.atomic():
            return _asked(stop, opt_in, reason, by, at)
    except IntegrityError as error:
        # Two people asked at once; the unique key let one of them.
        raise Refused([_ALREADY_ASKED]) from error


def against_confirming(request: LiftRequest, by: Principal) -> list[Refusal]:
    """Everything that keeps this person from being the second one."""
    me = identities.digest_of(by)
    found = [*identities.against_unknown(by), *_against_lifting(request.stop)]
    if me and me == request.asked_person or actor(by) == request.asked_by:
        text = _("You asked for it yourself, by this or another account. Somebody else has to look at the proof.")
        found.append(Refusal("same_person", text))
    if _is_strong(request.stop) and request.opt_in is None:
        found.append(_no_opt_in(request.stop))
    return found


def confirm(request: LiftRequest, *, by: Principal, at: datetime, consent: Consent) -> LiftRequest:
    """The second person has seen the proof: the stop is lifted. Raises Refused."""
    _refuse(against_confirming(request, by))
    with transaction.atomic():
        order = _own(request.stop)
        _refuse(against_confirming(request, by))
        decided = _decided(request, "confirm", by, at, consent)
        _insert(
            Lift(
                order_no=order,
                at=at,
                stop=request.stop,
                opt_in=request.opt_in,
                reason=request.reason,
                entered_by=request.asked_by,
                entered_person=request.asked_person,
                confirmed_by=actor(by),
                confirmed_person=identities.digest_of(by),
            ),
            by,
        )
    return decided


def decline(request: LiftRequest, *, by: Principal, at: datetime, consent: Consent) -> LiftRequest:
    """The stop stays. Raises Refused."""
    return _decided(request, "decline", by, at, consent)


def against_lifting_alone(stop: Suppression, by: Principal) -> list[Refusal]:
    """Everything that keeps this person from lifting the stop without a second one."""
    found = [*_not_permitted(by, ASK), *identities.against_unknown(by), *_against_lifting(stop)]
    if _is_strong(stop):
        text = _("A stop as strong as this one (%(strength)s) takes an opt-in of the person and two people.")
        found.append(Refusal("too_strong", text % {"strength": stop.get_strength_display()}))
    return found


def lift_alone(stop: Suppression, reason: str, *, by: Principal, at: datetime) -> Lift:
    """Lift a bounce, somebody who had left, or what staff entered: one person with a reason. Raises Refused."""
    _refuse([*against_lifting_alone(stop, by), *_unsaid(reason)])
    with transaction.atomic():
        order = _own(stop)
        _refuse(against_lifting_alone(stop, by))
        who = identities.digest_of(by)
        lift = Lift(order_no=order, at=at, stop=stop, reason=reason.strip(), entered_by=actor(by), entered_person=who)
        return _insert(lift, by)


def _own(stop: Suppression) -> int:
    """Lock what the stop holds for, and draw the number under the locks."""
    persons = {stop.person} if stop.person else set()
    persons |= set(PersonKey.objects.filter(absorbed__in=persons).values_list("pk", flat=True)) if persons else set()
    if not locks.lock_cards(persons):
        # A domain, a company, or a person whose cards are gone: every clearance waits for this one instant.
        locks.own_scopes([locks.EVERYTHING])
    (order,) = locks.draw_order(1)
    return order


def _insert(lift: Lift, by: Principal) -> Lift:
    lift.strength = lift.stop.strength
    lift.save(force_insert=True)
    opt_in = {"opt_in": lift.opt_in.pk} if lift.opt_in else {}
    told = {"order": lift.order_no, "stop_order": lift.stop.order_no, "strength": lift.strength, **opt_in}
    subject = audit.reference(lift.stop)
    audit.record("suppression.lifted", subject, by=by, at=lift.at, reason=lift.reason, lift=lift.pk, **told)
    journaling.lift_recorded(lift)
    return lift


def _asked(stop: Suppression, opt_in: OptIn | None, reason: str, by: Principal, at: datetime) -> LiftRequest:
    row = LiftRequest.objects.create(
        stop=stop,
        opt_in=opt_in,
        reason=reason.strip(),
        asked_by=actor(by),
        asked_person=identities.digest_of(by),
        asked_at=at,
    )
    told = {"stop": stop.pk, "opt_in": opt_in.pk if opt_in else None, "request": row.pk}
    verbs = {"compliance.liftrequest.asked": row, "suppression.lift_asked": stop}
    notes = [audit.Note(verb, audit.reference(about), told, row.reason) for verb, about in verbs.items()]
    audit.record_all(notes, by=by, at=at)
    return row


def _decided(request: LiftRequest, arrow: str, by: Principal, at: datetime, consent: Consent) -> LiftRequest:
    columns = {"decided_by": actor(by), "decided_person": identities.digest_of(by), "decided_at": at}
    moved = move(request, arrow, by=by, at=at, reason=consent.comment, set=columns, data={"stop": request.stop_id})
    if not moved:
        raise Refused([Refusal("wrong_state", _("Somebody else decided it a moment ago."))])
    return moved[0]


def _against_lifting(stop: Suppression) -> list[Refusal]:
    if stop.reason == SuppressionReason.CANARY:
        text = _("It came from a trial of the unsubscribe link and holds for nobody, so nobody needs it lifted.")
        return [Refusal("trial", text)]
    if Lift.objects.filter(stop=stop).exists():
        return [Refusal("already_lifted", _("This stop has been lifted already."))]
    if _is_strong(stop) and stop.scope == Suppression.Scope.PERSON and len(stopped.people_of(stop)) > 1:
        # They were taken for one person when it was recorded: one's wish must not end the other's (LAW SUP-09).
        return [Refusal("covers_others", _("It also holds for somebody they were once taken for, who has not asked."))]
    return []


def _no_opt_in(stop: Suppression) -> Refusal:
    if stop.scope != Suppression.Scope.PERSON:
        text = _("It holds for everybody at a domain or company, so no one person's opt-in ends it.")
        return Refusal("not_one_person", text)
    text = _("An opt-in of the person, younger than the stop, is missing. Record it first, with its proof.")
    return Refusal("opt_in_missing", text)


def _is_strong(stop: Suppression) -> bool:
    return stop.strength >= Strength.ERASURE


def _untold(wording: str, source: str) -> list[Refusal]:
    found = []
    if not wording.strip():
        found.append(Refusal("wording_missing", _("Write down what they were shown or said."), "wording"))
    if len(wording.strip().encode()) > WORDING_OCTETS:
        text = _("This is too long (%(limit)s octets are kept); say where the whole text is.")
        found.append(Refusal("wording_too_long", text % {"limit": WORDING_OCTETS}, "wording"))
    if not source.strip():
        found.append(Refusal("source_missing", _("Say where the proof is kept."), "source"))
    return found


def _unsaid(reason: str) -> list[Refusal]:
    if not reason.strip():
        return [Refusal("reason_missing", _("Please say why; it is kept in the log."), "reason")]
    if len(reason.strip()) > _REASON:
        text = _("Please say it in %(limit)s characters.")
        return [Refusal("reason_too_long", text % {"limit": _REASON}, "reason")]
    return []


def _not_permitted(by: Principal, permission: str) -> list[Refusal]:
    if not isinstance(by, System) and by.is_active and by.has_perm(permission):
        return []
    return [Refusal("not_permitted", _("Your roles do not include this."))]


def _refuse(refusals: Sequence[Refusal]) -> None:
    if refusals:
        raise Refused(refusals)


ACTS = (
    Act("confirm", confirm, check=against_confirming, kind=Kind.LIFTS),
    Act("decline", decline, comment_required=True, kind=Kind.STOPS),
)
