"""Tells of each message what became of it: every try with what each rule said, who signed, and what came back."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from compliance import admin_words as words
from compliance import audit, builds
from compliance.audit import Happened
from compliance.models import Decision
from sequences.explain import said, shape
from sequences.models import (
    Attempt,
    Enrollment,
    InboundMessage,
    MessageEvent,
    OutboundMessage,
    RecipientList,
    Signature,
)

SHOWN = 50
_MESSAGE = OutboundMessage._meta.label_lower
_VERBS = [f"{_MESSAGE}.{name}" for name in ("accept", "reject", "refuse", "cancel", "expire", "doubt", "resend")]
_RECIPIENTS = Signature.Step.RECIPIENTS


@dataclass(frozen=True)
class Newest:
    """The newest messages, the first first, and how many are older."""

    rows: Sequence[OutboundMessage]
    older: shape.Older | None


def newest(passages: Sequence[Enrollment], before: int | None) -> Newest:
    """At most SHOWN messages of these passages, below the key `before`."""
    keys = [row.pk for row in passages]
    rows = OutboundMessage.objects.filter(enrollment__in=keys).defer("content").order_by("-pk")
    rows = rows.filter(pk__lt=before) if before is not None else rows
    found = list(rows.select_related("template_version__template", "mailbox")[:SHOWN])
    rest = rows.filter(pk__lt=found[-1].pk).count() if len(found) == SHOWN else 0
    return Newest(found[::-1], {"count": rest, "before": found[-1].pk} if rest else None)


def told(rows: Sequence[OutboundMessage], passages: Sequence[Enrollment]) -> list[shape.Message]:
    """What became of each of them."""
    known = _known(rows, {row.pk: row for row in passages})
    return [_message(row, known) for row in rows]


def answers(contacts: Collection[int], rows: Sequence[OutboundMessage]) -> list[shape.CameBack]:
    """Mail of the person that answers none of these messages, the first first."""
    mails = InboundMessage.objects.filter(contact__in=contacts).exclude(message__in=[row.pk for row in rows])
    found = mails.defer("raw").order_by("-received_at", "-pk")[:SHOWN]
    return [_answer(mail) for mail in reversed(found)]


@dataclass(frozen=True)
class _Known:
    """Everything that was read for these messages, each table once."""

    passages: Mapping[int, Enrollment]
    decisions: Mapping[str, Sequence[Decision]]
    attempts: Mapping[int, Mapping[int, Attempt]]
    builds: Mapping[str, shape.Build]
    events: Mapping[str, Sequence[Happened]]
    signatures: Mapping[str, Sequence[Signature]]
    came_back: Mapping[int, Sequence[shape.CameBack]]


def _known(rows: Sequence[OutboundMessage], passages: Mapping[int, Enrollment]) -> _Known:
    keys = [row.pk for row in rows]
    decisions = list(Decision.objects.filter(ref__in=[row.ref for row in rows]).order_by("attempt"))
    attempts = {(one.message_id, one.number): one for one in Attempt.objects.filter(message__in=keys)}
    return _Known(
        passages,
        _grouped((row.ref, row) for row in decisions),
        {key: {number: one for (of, number), one in attempts.items() if of == key} for key in keys},
        _builds({row.build for row in decisions} - {""}),
        _grouped((one.subject, one) for one in audit.happened([f"{_MESSAGE}:{key}" for key in keys], _VERBS)),
        _signatures(rows, passages.values()),
        _came_back(keys),
    )


def _grouped(pairs: Any) -> dict[Any, list[Any]]:
    found = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return dict(found)


def _message(row: OutboundMessage, known: _Known) -> shape.Message:
    events = known.events.get(f"{_MESSAGE}:{row.pk}", ())
    attempts = _attempts(row, known)
    return {
        "id": row.pk,
        "ref": row.ref,
        "passage": row.enrollment_id,
        "step": row.step,
        "text": str(row.template_version),
        "digest": row.content_digest,
        "mailbox": row.mailbox.address,
        "state": row.state,
        "said": row.get_state_display(),
        "reason": row.reason,
        "because": words.say(row.reason),
        "planned": row.planned_at,
        "not_before": row.not_before,
        "expires": row.expires_at,
        "settled": row.settled_at,
        "refusal": _refusal(events) if not attempts else None,
        "attempts": attempts,
        "signatures": [said.signature(one) for one in _signed(row, attempts, known)],
        "came_back": sorted(known.came_back.get(row.pk, ()), key=lambda one: one["at"]),
        "history": [_event(one) for one in events],
    }


def _attempts(row: OutboundMessage, known: _Known) -> list[shape.Attempt]:
    decided = {one.attempt: one for one in known.decisions.get(row.ref, ())}
    tried = known.attempts[row.pk]
    return [_attempt(number, decided.get(number), tried.get(number), known) for number in sorted({*decided, *tried})]


def _attempt(number: int, decision: Decision | None, attempt: Attempt | None, known: _Known) -> shape.Attempt:
    return {
        "number": number,
        "at": (decision or attempt).at,  # type: ignore[union-attr]  # one of them is there
        "decided": decision.outcome if decision else "",
        "code": decision.code if decision else "",
        "because": words.say(decision.code) if decision else "",
        "until": decision.not_before if decision else None,
        "order": decision.order_no if decision else None,
        "playbook": decision.playbook if decision else None,
        "build": known.builds.get(decision.build) if decision else None,
        "verdicts": said.stored(decision.verdicts) if decision else [],
        "outcome": attempt.outcome if attempt else "",
        "said": words.say_verb(f"try.{attempt.outcome}") if attempt else "",
        "phase": attempt.phase if attempt else "",
        "reply": attempt.code if attempt else None,
        "answer": attempt.answer if attempt else "",
    }


def _refusal(events: Sequence[Happened]) -> shape.Verdict | None:
    """What the door said when the message was planned; the log keeps that one verdict."""
    found = [one.data["verdict"] for one in events if "verdict" in one.data]
    return said.stored(found)[-1] if found else None


def _event(one: Happened) -> shape.Event:
    return {"at": one.at, "verb": one.verb, "said": words.say_verb(one.verb), "by": one.actor, "reason": one.reason}


def _builds(names: Collection[str]) -> dict[str, shape.Build]:
    told = {one.subject: one.data for one in audit.happened([*map(builds.subject_of, names)], [builds.VERB])}
    return {name: _build(name, told.get(builds.subject_of(name), {})) for name in names}


def _build(name: str, data: Mapping[str, Any]) -> shape.Build:
    return {"id": name, "version": str(data.get("version", "")), "commit": str(data.get("commit", ""))}


def _signatures(rows: Sequence[OutboundMessage], passages: Collection[Enrollment]) -> dict[str, list[Signature]]:
    """{what was signed: signatures}, of the texts, sequences and lists of these messages."""
    subjects = {audit.reference(row.template_version) for row in rows}
    subjects |= {audit.reference(row.version) for row in passages}
    of_lists = Q(subject__in={_list_of(row) for row in passages}, step=_RECIPIENTS)
    wanted = Q(subject__in=subjects) | of_lists & Q(at__in={row.row.signed_at for row in passages})
    found = Signature.objects.filter(wanted).select_related("signer").order_by("at", "pk")
    return _grouped((one.subject, one) for one in found)


def _signed(row: OutboundMessage, attempts: Sequence[shape.Attempt], known: _Known) -> list[Signature]:
    """What the last decision looked at; before any, what is signed of the text."""
    looked_at = {str(verdict["why"].get("digest", "")) for one in attempts[-1:] for verdict in one["verdicts"]}
    passage = known.passages[row.enrollment_id]
    digests = looked_at - {""} or {row.template_version.digest, passage.version.digest}
    given = (known.signatures.get(audit.reference(one), []) for one in (row.template_version, passage.version))
    of_row = [one for one in known.signatures.get(_list_of(passage), []) if one.at == passage.row.signed_at]
    return [one for some in given for one in some if one.digest in digests] + of_row


def _list_of(passage: Enrollment) -> str:
    return f"{RecipientList._meta.label_lower}:{passage.row.recipient_list_id}"


def _came_back(keys: Sequence[int]) -> dict[int, list[shape.CameBack]]:
    events = [(row.message_id, _news(row)) for row in MessageEvent.objects.filter(message__in=keys).order_by("at")]
    mails = InboundMessage.objects.filter(message__in=keys).defer("raw").order_by("received_at")
    return _grouped([*events, *((mail.message_id, _answer(mail)) for mail in mails)])


def _news(row: MessageEvent) -> shape.CameBack:
    return {"at": row.at, "kind": row.kind, "said": row.get_kind_display(), "source": row.source}


def _answer(mail: InboundMessage) -> shape.CameBack:
    return {
        "at": mail.received_at,
        "kind": mail.verdict,
        "said": mail.get_verdict_display(),
        "source": audit.reference(mail),
    }
