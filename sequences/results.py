"""Decides what happens to a server's answer while the database is away: it is kept on disk, and settled later.

Nothing else is sent until then (LAW PIP-09). Settling compares the fencing token, so that an answer is written down
once, however often it is taken; one that somebody else had given up as doubtful is evidence and settles the doubt.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from compliance.spool import Spool
from sequences import settling
from sequences.dispositions import Accepted, InDoubt, NotSent, Outcome, Phase, Rejected, Reply
from sequences.models import OutboundMessage
from sequences.settling import Tried

_log = logging.getLogger(__name__)
_KIND = "results"
_BESIDES = (
    "mailbox",
    "enrollment__contact__account",
    "enrollment__contact__card",
    "enrollment__version__sequence",
    "enrollment__row__recipient_list",
)


def keep(tried: Tried, at: datetime) -> None:
    """Put the answer to one try on disk; it is on stable storage when this returns. Raises OSError.

    What the door withheld has no answer: its lease runs out, and it is asked again.
    """
    message, told = tried.message, _as_data(tried.outcome)
    if told:
        told |= {"message": message.pk, "attempt": message.attempts_made + 1, "token": message.lease_token}
        Spool(_KIND).put({**told, "at": at.isoformat()}, order=int(at.timestamp() * 1_000_000_000))
        _log.error("the answer to message %s is kept on disk until the database is back", message.pk)


def drain() -> dict[str, int]:
    """Settle every answer that waits on this host; how many came to which end.

    Raises django.db.Error while the database is away; what waits then goes on waiting.
    """
    spool, counts = Spool(_KIND), Counter[str]()
    for path, told in spool.waiting():
        try:
            counts[_settled(told)] += 1
        except (KeyError, TypeError, ValueError):
            # Unread, its message comes to be in doubt, which is safe.
            _log.exception("an answer kept on disk cannot be understood")
            spool.set_aside(path)
        else:
            spool.done(path)
    return dict(counts)


def _settled(told: Mapping[str, Any]) -> str:
    outcome, moment = _outcome(told), parse_datetime(told["at"])
    message = OutboundMessage.objects.select_related(*_BESIDES).filter(pk=told["message"]).first()
    if message is None or moment is None or message.lease_token != told["token"]:
        return "lost"
    # Whoever took the message over may have counted this very try already.
    message.attempts_made = int(told["attempt"]) - 1
    return settling.settle(Tried(message, None, outcome), moment)


def _as_data(outcome: Outcome) -> dict[str, Any]:
    kind = type(outcome).__name__.lower()
    match outcome:
        case Accepted(reply):
            return {"kind": kind, "reply": [reply.code, reply.enhanced, reply.text]}
        case Rejected(phase, reply):
            return {"kind": kind, "phase": str(phase), "reply": [reply.code, reply.enhanced, reply.text]}
        case NotSent(phase, error) | InDoubt(phase, error):
            return {"kind": kind, "phase": str(phase), "error": error}
    return {}


def _outcome(told: Mapping[str, Any]) -> Outcome:
    match told["kind"]:
        case "accepted":
            return Accepted(Reply(*told["reply"]))
        case "rejected":
            return Rejected(Phase(told["phase"]), Reply(*told["reply"]))
        case "notsent":
            return NotSent(Phase(told["phase"]), str(told["error"]))
        case "indoubt":
            return InDoubt(Phase(told["phase"]), str(told["error"]))
    raise ValueError(told["kind"])
