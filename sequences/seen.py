"""Decides whether somebody was shown what they sign: a token for this person, this row and what it says (LAW APR-04).

Only `sequences.showing` makes one, while it renders. It goes back with the signature, lasts half an hour, and opens
nothing but the one signature it was made for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance import audit
from compliance.principals import Principal, actor
from compliance.refusals import Refusal

LASTS = timedelta(minutes=30)
_SALT = "sequences.seen"


@dataclass(frozen=True)
class Seen:
    """What a genuine token says: who was shown what of which row, and when. `shown` is the digest of all of it."""

    subject: str
    who: str
    digest: str
    shown: str
    at: datetime


def token(row: models.Model, by: Principal, *, digest: str, shown: str, at: datetime) -> str:
    """The token as text."""
    said = [audit.reference(row), actor(by), digest, shown, at.isoformat()]
    return signing.dumps(said, salt=_SALT, compress=True)


def read(text: str) -> Seen | None:
    """What the token says; None for anything that was not made here."""
    try:
        subject, who, digest, shown, at = signing.loads(text, salt=_SALT)
    except signing.BadSignature:
        return None
    return Seen(subject, who, digest, shown, datetime.fromisoformat(at))


def against(row: models.Model, by: Principal, *, digest: str, at: datetime, token: str) -> list[Refusal]:
    """Why this person has not seen what they are about to sign; nothing when they have."""
    seen = read(token)
    if seen is None or (seen.subject, seen.who) != (audit.reference(row), actor(by)):
        return [Refusal("not_shown", _("Look at what you are about to sign first: its page shows it, and asks there."))]
    if abs(at - seen.at) >= LASTS:
        return [Refusal("shown_long_ago", _("You were shown this more than half an hour ago. Look at it again."))]
    if seen.digest != digest:
        return [Refusal("shown_differs", _("It is not what you were shown any more. Look at it again."))]
    return []


def of(token: str) -> dict[str, str]:
    """For the log: the digest of what was shown."""
    seen = read(token)
    return {"shown": seen.shown} if seen else {}
