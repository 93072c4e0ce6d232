"""Hands out sections of the organisation's one versioned document; what they mean is the caller's affair."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from compliance import audit
from compliance.models import PlaybookVersion
from compliance.principals import Principal


class NoPlaybook(LookupError):
    """No playbook has been loaded yet, or not in that version."""


def active() -> PlaybookVersion:
    """The version in force. Raises NoPlaybook."""
    version = PlaybookVersion.objects.order_by("-number").first()
    if version is None:
        raise NoPlaybook("no playbook is loaded; run `manage.py setup`")
    return version


def section(key: str, version: int | None = None) -> Mapping[str, Any]:
    """One section of the document, `{}` if the document has none. Raises NoPlaybook."""
    if version is None:
        document = active().document
    else:
        row = PlaybookVersion.objects.filter(number=version).first()
        if row is None:
            raise NoPlaybook(f"no playbook version {version}")
        document = row.document
    found = document.get(key, {})
    return found if isinstance(found, Mapping) else {}


def load(title: str, document: Mapping[str, Any], *, by: Principal, at: datetime) -> PlaybookVersion:
    """Store a document as the next version, unless the active one already says the same."""
    digest = hashlib.sha256(audit.canonical(document)).hexdigest()
    last = PlaybookVersion.objects.order_by("-number").first()
    if last and last.digest == digest:
        return last
    number = last.number + 1 if last else 1
    version = PlaybookVersion.objects.create(
        number=number, title=title, document=dict(document), digest=digest, created_at=at
    )
    audit.record("playbook.loaded", audit.reference(version), by=by, at=at, number=number, digest=digest)
    return version
