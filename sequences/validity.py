"""Decides how long a signature holds, and whose still counts (LAW APR-05).

The CRO's signature of the people on a list ages: 30 days, unless the playbook's section `approvals` says fewer, or
more with a reason. Every signature ends when its signer is no longer on the staff or no longer has the permission of
the step that they signed; being away ends nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import Q

from compliance import audit, playbook
from sequences.models import RecipientList, SequenceVersion, Signature, TemplateVersion

Signable = TemplateVersion | SequenceVersion | RecipientList

PERMISSIONS: Mapping[str, str] = {
    Signature.Step.MESSAGING: "approve_messaging",
    Signature.Step.NARRATIVE: "approve_narrative",
    Signature.Step.LOADING: "load_templateversion",
    Signature.Step.SEQUENCE: "approve_sequenceversion",
    Signature.Step.RECIPIENTS: "sign_recipientlist",
}
# So long before its end a signature may be renewed.
SOON = timedelta(days=7)
_DAYS, _LONGEST = 30, 92


@dataclass(frozen=True)
class Given:
    """Signatures by subject, and which of all of them stand."""

    by_subject: Mapping[str, Sequence[Signature]]
    standing: Collection[int]

    def on(self, row: Signable, digest: str) -> list[Signature]:
        """Those that are on this digest of the row."""
        return [one for one in self.by_subject.get(audit.reference(row), ()) if one.digest == digest]

    def stand(self, signatures: Sequence[Signature]) -> list[Signature]:
        """Those whose signers are here and may still sign that."""
        return [one for one in signatures if one.pk in self.standing]

    def moments(self, recipients: RecipientList) -> set[datetime]:
        """When the rows of a list were signed by somebody who may still sign."""
        given = self.by_subject.get(audit.reference(recipients), ())
        return {one.at for one in self.stand(given) if one.step == Signature.Step.RECIPIENTS}


class ApprovalsError(ValueError):
    """The playbook's section `approvals` cannot be used; says which key."""


def check(section: Any) -> None:
    """Refuse what cannot be used as it stands. Raises ApprovalsError."""
    if not isinstance(section, Mapping):
        raise ApprovalsError("approvals: needs keys of its own: valid_days, because")
    if extra := sorted(set(section) - {"valid_days", "because"}):
        raise ApprovalsError(f"approvals.{extra[0]}: there is no such key; there are valid_days, because")
    days = _stated(section)
    if days > _DAYS and not _because(section):
        raise ApprovalsError(f"approvals.valid_days: longer than {_DAYS}; say why in approvals.because")
    if days > _LONGEST:
        raise ApprovalsError(f"approvals.valid_days: never more than {_LONGEST}, whatever the reason")


def valid_for() -> timedelta:
    """How long the signature of a row holds; what is longer without a reason, or beyond reason, does not count."""
    section = playbook.section("approvals")
    return timedelta(days=min(_stated(section), _LONGEST if _because(section) else _DAYS))


def given(rows: Iterable[Signable]) -> Given:
    """Everything that was signed of these."""
    signatures = list(Signature.objects.filter(subject__in={audit.reference(row) for row in rows}))
    by_subject: dict[str, list[Signature]] = {}
    for one in signatures:
        by_subject.setdefault(one.subject, []).append(one)
    return Given(by_subject, standing(signatures))


def standing(signatures: Iterable[Signature]) -> frozenset[int]:
    """Which of these signatures still count, by primary key: their signers are here and may still sign that step."""
    rows = list(signatures)
    active = _active({row.signer_id for row in rows})
    held = _held(set(active))
    return frozenset(
        row.pk for row in rows if active.get(row.signer_id) or (row.signer_id, PERMISSIONS[row.step]) in held
    )


def _active(signers: Collection[int]) -> dict[int, bool]:
    """{who is on the staff: whether they may do everything}."""
    people = get_user_model().objects.filter(pk__in=signers, is_active=True)
    return dict(people.values_list("pk", "is_superuser"))


def _held(signers: Collection[int]) -> set[tuple[int, str]]:
    wanted = Permission.objects.filter(content_type__app_label="sequences", codename__in=PERMISSIONS.values())
    ways = wanted.filter(Q(group__user__in=signers) | Q(user__in=signers))
    rows = ways.values_list("codename", "group__user", "user")
    return {(person, codename) for codename, *people in rows for person in people if person}


def _stated(section: Mapping[str, Any]) -> int:
    days = section.get("valid_days", _DAYS)
    if isinstance(days, bool) or not isinstance(days, int) or days < 1:
        raise ApprovalsError("approvals.valid_days: needs a whole number of days, 1 or more")
    return days


def _because(section: Mapping[str, Any]) -> str:
    return str(section.get("because", "")).strip()


def ends(signed_at: datetime, valid: timedelta) -> datetime:
    """The first moment at which a signature counts no more."""
    return signed_at + valid
