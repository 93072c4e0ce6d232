"""Hands out sections of the organisation's one versioned document; what they mean is the caller's affair."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet

from compliance import audit, identities
from compliance.models import PlaybookActivation, PlaybookVersion
from compliance.principals import SYSTEM, Principal, actor
from compliance.transitions import move

State = PlaybookVersion.State
OPEN = (State.DRAFT, State.CMO_SIGNED)

_pinned: ContextVar[str] = ContextVar("pinned", default="")


class NoPlaybook(LookupError):
    """No playbook has been loaded yet, or not in that version."""


class AnotherBegan(RuntimeError):
    """Another version took the place a moment earlier; nothing of this one may stay."""


def active() -> PlaybookVersion:
    """The version in force. Raises NoPlaybook."""
    begun = _begun().select_related("version").first()
    if begun is None:
        raise NoPlaybook("no playbook is loaded; run `manage.py setup`")
    return begun.version


def is_example() -> bool:
    """Whether what is in force is only what one began with, and nobody has agreed to it."""
    return _begun().values_list("agreed", flat=True).first() is False


@contextmanager
def pinned() -> Iterator[int]:
    """One version, the active one, for everything within: what a batch is judged by is what its rows name.

    Yields its number. Raises NoPlaybook.
    """
    version = active()
    before = _pinned.set(version.digest)
    try:
        yield version.number
    finally:
        _pinned.reset(before)


def section(key: str) -> Mapping[str, Any]:
    """One section of the active document, `{}` if the document has none. Raises NoPlaybook."""
    digest = _pinned.get() or _begun().values_list("version__digest", flat=True).first()
    if digest is None:
        raise NoPlaybook("no playbook is loaded; run `manage.py setup`")
    return _section(_document(digest), key)


def every(*keys: str) -> list[tuple[Mapping[str, Any], ...]]:
    """These sections as each version that was ever in force had them, the newest first; `{}` where it had none."""
    documents = _begun().values_list("version__document", flat=True)
    return [tuple(_section(document, key) for key in keys) for document in documents]


def _begun() -> QuerySet[PlaybookActivation]:
    return PlaybookActivation.objects.order_by("-pk")


def _section(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key, {})
    return found if isinstance(found, Mapping) else {}


@lru_cache(maxsize=4)
def _document(digest: str) -> Mapping[str, Any]:
    # Versions never change (a trigger sees to it), so a document is as good as its digest.
    row = PlaybookVersion.objects.filter(digest=digest).order_by("-number")[0]
    return dict(row.document)


def digest_of(document: Mapping[str, Any]) -> str:
    """What is signed of a document: 64 hexadecimal digits over all it says, in whatever order."""
    return hashlib.sha256(audit.canonical(document)).hexdigest()


def load(title: str, document: Mapping[str, Any], *, by: Principal, at: datetime) -> PlaybookVersion:
    """Store a document as the next version, unless the one in force, or one that waits, already says the same.

    While nothing has ever been agreed it is in force at once, so that an installation can be set up; from then on it
    waits for the CMO and the CRO. Raises AnotherBegan on a lost race.
    """
    digest = digest_of(document)
    last = _begun().select_related("version").first()
    if last and last.version.digest == digest:
        return last.version
    if same := waiting(digest):
        return same
    with transaction.atomic():
        version = store(title, document, by=by, at=at)
        if not PlaybookActivation.objects.filter(agreed=True).exists():
            began(version, by=by, at=at, agreed=False)
            (version,) = move(version, "begin", by=SYSTEM, at=at)
    return version


def waiting(digest: str) -> PlaybookVersion | None:
    """The version that says exactly this and waits for signatures."""
    return PlaybookVersion.objects.filter(digest=digest, state__in=OPEN).first()


def store(title: str, document: Mapping[str, Any], *, by: Principal, at: datetime) -> PlaybookVersion:
    """Insert the next version as a draft."""
    number = (PlaybookVersion.objects.aggregate(Max("number"))["number__max"] or 0) + 1
    digest = digest_of(document)
    version = PlaybookVersion.objects.create(
        number=number,
        title=title,
        document=dict(document),
        digest=digest,
        created_at=at,
        loaded_by=actor(by),
        loaded_person=identities.digest_of(by),
    )
    audit.record("playbook.loaded", audit.reference(version), by=by, at=at, number=number, digest=digest)
    return version


def began(version: PlaybookVersion, *, by: Principal, at: datetime, agreed: bool) -> None:
    """This version decides from now on, in the place of the one before. Raises AnotherBegan on a lost race.

    To be called in the transaction that also moves the version itself.
    """
    last = _begun().select_related("version").first()
    if last and (last.version.number > version.number or not move(last.version, "end", by=SYSTEM, at=at)):
        raise AnotherBegan(str(last.version))
    PlaybookActivation.objects.create(version=version, at=at, by=actor(by), agreed=agreed)
