"""Decides who says what an incoming mail is, the machine or a person, and has what follows from it drawn once.

The machine decides where its classifier is sure and the mail proves what it answers; the rest waits for a person, whose
word has the same consequences. A correction draws what follows from the new class as well, and takes no stop back
(spec R4, R5, R7; LAW THR-04, AUT-06 to AUT-09).
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import Error, transaction
from django.utils.translation import gettext_lazy as _

from compliance.acts import Act, Asked, Consent, Field
from compliance.factor import Kind
from compliance.principals import SYSTEM, Principal, actor
from compliance.refusals import Refusal, Refused
from compliance.transitions import move
from sequences import consequences
from sequences.approval import only
from sequences.classifier import SURE
from sequences.consequences import Said
from sequences.models import InboundMessage

Verdict = InboundMessage.Verdict
_log = logging.getLogger(__name__)
_AT_ONCE = 200
_LEFT = (Verdict.AUTO_REPLY, "left_company")
_TICKET = (Verdict.AUTO_REPLY, "ticket_ack")
_FROM_PEOPLE = frozenset({Verdict.POSITIVE, Verdict.NEUTRAL, Verdict.NEGATIVE, Verdict.OPT_OUT})
CLASSES: Mapping[InboundMessage.Verdict, Mapping[str, Any]] = {
    Verdict.POSITIVE: {
        "interest": _("interested"),
        "question": _("asks something"),
        "briefing_request": _("wants a meeting"),
        "meeting_accept": _("accepted a meeting"),
        "referral": _("names somebody who is"),
    },
    Verdict.NEUTRAL: {"ack": _("thanks, noted"), "not_now": _("not now")},
    Verdict.NEGATIVE: {
        "not_interested": _("not interested"),
        "wrong_person": _("is the wrong person"),
        "left_company": _("the person has left"),
        "hostile": _("is angry"),
    },
    Verdict.OPT_OUT: {"unsubscribe": _("asks to stop"), "legal_demand": _("a legal demand"), "hostile": _("in anger")},
    Verdict.AUTO_REPLY: {
        "ooo": _("out of office"),
        "ticket_ack": _("a ticket was opened"),
        "left_company": _("the person has left"),
        "read_receipt": _("it was read"),
    },
    Verdict.COMPLAINT: {},
    Verdict.BOUNCE: {},
    Verdict.OTHER: {},
}
"""What a person may say of a mail, and how it is put. From a bounce that no report proves nothing follows."""


def route_round(at: datetime) -> dict[str, int]:
    """Look once at each mail that has come in: deal with it, or leave it to a person. How many of each."""
    counts: Counter[str] = Counter()
    rows = InboundMessage.objects.filter(state=InboundMessage.State.WAITING, looked_at=None)
    for key in rows.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]:
        counts[_look(key, at)] += 1
    return {"routed": counts["routed"], "left": counts["left"]}


def say(row: InboundMessage, *, by: Principal, at: datetime, consent: Consent) -> InboundMessage:
    """A person says what a waiting mail is. Raises Refused."""
    said = _as_said(row, consent)
    with transaction.atomic():
        return only(_route(row, said, by=by, at=at, comment=consent.comment))


def correct(row: InboundMessage, *, by: Principal, at: datetime, consent: Consent) -> InboundMessage:
    """A person says that it was something else than somebody had said. Raises Refused.

    What has been stopped stays stopped, and whoever has left a sequence is not brought back.
    """
    said = _as_said(row, consent)
    before = Said(Verdict(row.verdict), row.subclass, row.return_date, row.permanent)
    if (said.verdict, said.subclass, said.return_date) == (before.verdict, before.subclass, before.return_date):
        raise Refused([Refusal("same_class", _("That is what it is said to be already."))])
    seen = {"verdict": row.verdict, "subclass": row.subclass, "decided_at": row.decided_at}
    told = {"code": said.verdict, "subclass": said.subclass, "before": row.verdict}
    columns = {**_columns(said, by, at), "taken_at": None}
    with transaction.atomic():
        moved = only(
            move(row, "correct", by=by, at=at, reason=consent.comment, set=columns, where=seen, data=told),
        )
        if before.is_absence:
            consequences.end_absence(moved, at=at)
        consequences.draw(moved, said, by=by, at=at)
    return moved


def choices() -> Sequence[tuple[str, Any]]:
    """Every class and subclass, as a person is offered them."""
    found: list[tuple[str, Any]] = []
    for verdict, finer in CLASSES.items():
        found.append((str(verdict), verdict.label))
        found += [(f"{verdict}/{name}", f"{verdict.label}: {label}") for name, label in finer.items()]
    return found


def _look(key: int, at: datetime) -> str:
    """What one mail came to. One that cannot be dealt with is left to a person, and keeps none of the others."""
    try:
        with transaction.atomic():
            row = _waiting(key)
            return _judged(row, at) if row else "gone"
    except Error:
        raise
    except Exception:  # noqa: BLE001 - see above
        _log.exception("what follows from mail %s could not be drawn", key)
        InboundMessage.objects.filter(pk=key, state=InboundMessage.State.WAITING).update(looked_at=at)
        return "left"


def _waiting(key: int) -> InboundMessage | None:
    """The mail, unless another worker has it or somebody was faster."""
    rows = InboundMessage.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    waiting = rows.filter(pk=key, state=InboundMessage.State.WAITING, looked_at=None)
    return waiting.select_related("contact__card").first()


def _judged(row: InboundMessage, at: datetime) -> str:
    said = Said(Verdict(row.verdict), row.subclass, row.return_date, row.permanent)
    if _may_decide(row, said) and _route(row, said, by=SYSTEM, at=at):
        return "routed"
    if row.verdict == Verdict.AUTO_REPLY:
        if row.confidence >= SURE and (said.verdict, said.subclass) == _LEFT and _is_proven(row):
            consequences.stop_who_left(row, said, at=at)
        else:
            consequences.hold(row, at=at)
    InboundMessage.objects.filter(pk=row.pk).update(looked_at=at)
    return "left"


def _may_decide(row: InboundMessage, said: Said) -> bool:
    """Whether the machine may: it is sure what it is, and the mail proves what it answers, or a mere machine wrote it.

    Reports are believed, or not, by whoever reads them (`sequences.inbound`).
    """
    if row.confidence < SURE or (said.verdict, said.subclass) in (_LEFT, _TICKET):
        return False
    if said.verdict == Verdict.AUTO_REPLY:
        return row.contact is not None or said.subclass == "read_receipt"
    return said.verdict in _FROM_PEOPLE and _is_proven(row)


def _is_proven(row: InboundMessage) -> bool:
    """By a token or an identifier of ours, which nobody has who has not seen the message (LAW THR-04)."""
    return row.message_id is not None


def _route(row: InboundMessage, said: Said, *, by: Principal, at: datetime, comment: str = "") -> list[InboundMessage]:
    told = {"code": said.verdict, "subclass": said.subclass, "guessed": row.verdict, "confidence": row.confidence}
    columns = _columns(said, by, at)
    moved = move(row, "route", by=by, at=at, reason=comment, set=columns, data=told)
    for one in moved:
        consequences.draw(one, said, by=by, at=at)
    return moved


def _columns(said: Said, by: Principal, at: datetime) -> dict[str, Any]:
    return {
        "verdict": said.verdict,
        "subclass": said.subclass,
        "return_date": said.return_date,
        "permanent": said.permanent,
        "decided_by": actor(by),
        "decided_at": at,
    }


def _as_said(row: InboundMessage, consent: Consent) -> Said:
    """What the person chose. Of the class that was guessed, what was read besides holds unless they say otherwise."""
    name, _slash, finer = consent.said("what").partition("/")
    verdict = Verdict(name)
    if not finer and verdict == row.verdict:
        finer = row.subclass
    if not finer and verdict == Verdict.AUTO_REPLY:
        finer = "ooo"
    same = (verdict, finer) == (row.verdict, row.subclass)
    back_on = consent.date("back_on") or (row.return_date if same else None)
    permanent = verdict == Verdict.OPT_OUT or finer in {"left_company", "wrong_person"}
    absent = (verdict, finer) == (Verdict.AUTO_REPLY, "ooo")
    return Said(verdict, finer, back_on if absent else None, permanent or (same and row.permanent))


_FIELDS = (
    Field("what", _("What it is"), asked=Asked.CHOICE, choices=choices),
    Field(
        "back_on",
        _("Back on"),
        help=_("Of an absence: the day they are back, or else the last day they are away. Without one, a week."),
        asked=Asked.DATE,
        required=False,
    ),
)
ACTS = (
    Act("route", say, kind=Kind.WRITES, fields=_FIELDS),
    Act("correct", correct, comment_required=True, kind=Kind.WRITES, fields=_FIELDS),
)
