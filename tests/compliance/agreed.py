"""Playbooks that somebody loaded and people signed, for tests."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from compliance import agreeing
from compliance.acts import Consent, perform
from compliance.models import PlaybookVersion
from handoff import installing
from tests.cast import TUESDAY
from tests.factories import UserFactory

SIGN_CMO, SIGN_CRO, REJECT = agreeing.ACTS


def example(**changed: Any) -> dict[str, Any]:
    """The whole example as a document, with some sections of its own."""
    return {**installing.read_playbook(installing.EXAMPLE).document, **changed}


def proposed(title: str = "Ours", by: User | None = None, at: datetime = TUESDAY, **changed: Any) -> PlaybookVersion:
    """A version that waits for the CMO."""
    return agreeing.propose(title, example(**changed), by=by or UserFactory(role="sales_ops"), at=at)


def signed(row: PlaybookVersion, role: str, by: User | None = None, at: datetime = TUESDAY) -> PlaybookVersion:
    """The same after the CMO's or the CRO's signature."""
    act = SIGN_CMO if role == "cmo" else SIGN_CRO
    perform(row, act, by=by or UserFactory(role=role), at=at, consent=Consent(digest=row.digest))
    return PlaybookVersion.objects.get(pk=row.pk)


def agreed(title: str = "Ours", at: datetime = TUESDAY, **changed: Any) -> PlaybookVersion:
    """A version that both have signed."""
    return signed(signed(proposed(title, at=at, **changed), "cmo", at=at), "cro", at=at)
