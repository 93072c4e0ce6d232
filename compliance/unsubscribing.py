"""Obeys an authentic opt-out: in the database, or on this host's disk until the database is back (LAW UNS-09, UNS-10).

A token in the spool is as good as a stop to the door: while one waits, nothing is sent (`compliance.hosts`).
"""

import contextlib
import fcntl
import hmac
import logging
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from compliance import heartbeats, hosts, keys, suppression, tokens
from compliance.heartbeats import Kind
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from compliance.tokens import Purpose, Token

REASONS = frozenset({SuppressionReason.ONE_CLICK, SuppressionReason.UNSUBSCRIBE_LINK})
spooled = threading.Event()
"""Set whenever something was put on disk, so that the host's keeper looks at once."""

_log = logging.getLogger(__name__)
_TRIAL_HOURS = 4
_TRIAL_MAC = 12
_NANOSECONDS = 1_000_000_000


def record(token: Token, reason: SuppressionReason, *, at: datetime) -> None:
    """Stop everything to that person; committed when this returns. Raises django.db.Error."""
    if is_trial(token.digest):
        _note_trial(token, at)
        return
    stop = Stop(reason, source=f"message:{token.message}", evidence={"message": token.message})
    suppression.stop_digest(token.digest, stop, by=SYSTEM, at=at)


def keep(text: str, token: Token, reason: SuppressionReason, *, at: datetime) -> bool:
    """Put it on this host's disk; whether it is safe there. `at` is the host's own moment."""
    told = {"token": text, "reason": str(reason), "message": token.message, "at": at.isoformat()}
    try:
        hosts.opt_outs().put(told, order=int(at.timestamp() * _NANOSECONDS))
    except Exception:  # noqa: BLE001 - whatever it is, nothing may be promised
        # A person has to look: the opt-out is neither in the database nor on disk, and its sender may not ask again.
        _log.critical("an opt-out could not be kept: neither the database nor the spool took it", exc_info=True)
        return False
    _log.error("an opt-out was put into the spool, because the database did not take it")
    spooled.set()
    return True


def drain() -> int:
    """Write what waits here into the database; how many. Raises django.db.Error, and the rest goes on waiting.

    A file is removed only after the commit: who dies between the two records the same stop once more, which changes
    nothing. What cannot be understood is set aside and keeps the door shut until a person has looked at it.
    """
    waiting = hosts.opt_outs()
    written = 0
    with _alone() as mine:
        for path, told in waiting.waiting() if mine else ():
            known = _understood(told)
            if known is None:
                _log.critical("an opt-out in the spool cannot be understood and was set aside: %s", path.name)
                waiting.set_aside(path)
                continue
            record(*known[:2], at=known[2])
            waiting.done(path)
            written += 1
    return written


def _understood(told: Any) -> tuple[Token, SuppressionReason, datetime] | None:
    try:
        token = tokens.read(Purpose.UNSUBSCRIBE, str(told["token"]))
        reason, at = SuppressionReason(told["reason"]), datetime.fromisoformat(told["at"])
    except (KeyError, TypeError, ValueError):
        return None
    return (token, reason, at) if token and reason in REASONS and at.tzinfo else None


@contextlib.contextmanager
def _alone() -> Iterator[bool]:
    """Of the processes of this host only one drains at a time; the others need not wait for it."""
    path = Path(settings.STATE_DIR) / "drain.lock"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


# --- trials of the link (LAW UNS-15) -------------------------------------------------------------------------------


def trial_digest(at: datetime) -> str:
    """Whom a trial of this hour unsubscribes: nobody. No address has a digest that names its own hour and key."""
    hour = int(at.timestamp() // 3600).to_bytes(_TRIAL_HOURS)
    return (hour + _trial_mac(keys.current("trial")[1], hour)).hex()


def is_trial(digest: str) -> bool:
    """Whether a digest was made by `trial_digest`, in whatever hour and under whatever key."""
    raw = bytes.fromhex(digest)
    hour, mac = raw[:_TRIAL_HOURS], raw[_TRIAL_HOURS:]
    return any(hmac.compare_digest(_trial_mac(key, hour), mac) for key in keys.keys_for("trial").values())


def _trial_mac(key: bytes, hour: bytes) -> bytes:
    return hmac.digest(key, hour, "sha256")[:_TRIAL_MAC]


def _note_trial(token: Token, at: datetime) -> None:
    """The stop of a trial is the same all the hour; that this very one arrived is noted beside it."""
    suppression.stop_digest(token.digest, Stop(SuppressionReason.CANARY, source="canary"), by=SYSTEM, at=at)
    heartbeats.beat(Kind.CANARY, heartbeats.ARRIVED, at=at, detail=str(token.message))
