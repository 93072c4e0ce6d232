"""Hands out sections of the organisation's one versioned document; what they mean is the caller's affair."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction

from compliance import audit
from compliance.models import PlaybookVersion
from compliance.principals import Principal

_pinned: ContextVar[str] = ContextVar("pinned", default="")


class NoPlaybook(LookupError):
    """No playbook has been loaded yet, or not in that version."""


def active() -> PlaybookVersion:
    """The version in force. Raises NoPlaybook."""
    version = PlaybookVersion.objects.order_by("-number").first()
    if version is None:
        raise NoPlaybook("no playbook is loaded; run `manage.py setup`")
    return version


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
    digest = _pinned.get() or PlaybookVersion.objects.order_by("-number").values_list("digest", flat=True).first()
    if digest is None:
        raise NoPlaybook("no playbook is loaded; run `manage.py setup`")
    return _section(_document(digest), key)


def every(*keys: str) -> list[tuple[Mapping[str, Any], ...]]:
    """These sections as each version had them, the newest first; `{}` where it had none."""
    documents = PlaybookVersion.objects.order_by("-number").values_list("document", flat=True)
    return [tuple(_section(document, key) for key in keys) for document in documents]


def _section(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key, {})
    return found if isinstance(found, Mapping) else {}


@lru_cache(maxsize=4)
def _document(digest: str) -> Mapping[str, Any]:
    # Versions never change (a trigger sees to it), so a document is as good as its digest.
    row = PlaybookVersion.objects.filter(digest=digest).order_by("-number")[0]
    return dict(row.document)


def load(title: str, document: Mapping[str, Any], *, by: Principal, at: datetime) -> PlaybookVersion:
    """Store a document as the next version, unless the active one already says the same."""
    digest = hashlib.sha256(audit.canonical(document)).hexdigest()
    last = PlaybookVersion.objects.order_by("-number").first()
    if last and last.digest == digest:
        return last
    number = last.number + 1 if last else 1
    with transaction.atomic():
        version = PlaybookVersion.objects.create(
            number=number, title=title, document=dict(document), digest=digest, created_at=at
        )
        audit.record("playbook.loaded", audit.reference(version), by=by, at=at, number=number, digest=digest)
    return version
