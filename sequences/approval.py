"""Signatures over digests: texts go content → CMO → CRO → sales ops, sequences are signed by the CRO (SOP 5.4).

Nobody signs what they wrote or edited, superusers included; neither does their second account. What is signed is
the digest of everything that reaches the reader, and the door recomputes it before every message.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from compliance import audit
from compliance.acts import Act, Consent
from compliance.addresses import same_person
from compliance.factor import Kind
from compliance.principals import Principal, Staff, System
from compliance.refusals import Refusal, Refused
from compliance.transitions import move
from sequences import policy, seen, wording
from sequences.content import findings
from sequences.models import SequenceVersion, Signature, TemplateVersion
from sequences.render import WordingError

CHAIN: Mapping[str, Signature.Step] = {
    "approve_messaging": Signature.Step.MESSAGING,
    "approve_narrative": Signature.Step.NARRATIVE,
    "load": Signature.Step.LOADING,
    "approve": Signature.Step.SEQUENCE,
}
_DUE: Mapping[str, str] = {
    TemplateVersion.State.SUBMITTED: "approve_messaging",
    TemplateVersion.State.MESSAGING_APPROVED: "approve_narrative",
    TemplateVersion.State.NARRATIVE_APPROVED: "load",
}
TEXT_STEPS = (Signature.Step.MESSAGING, Signature.Step.NARRATIVE, Signature.Step.LOADING)
# Whoever put people on a list is among its authors (LAW APR-02).
_EDITS = (".created", ".edited", ".rows_added")

# Of three steps one person signs at most one, or two in a small team: three people, or two, stand behind a text.
_OF_THREE = {False: 1, True: 2}

Row = TypeVar("Row", bound=models.Model)
Text = TypeVar("Text", TemplateVersion, SequenceVersion)


def note_edit(row: models.Model, *, by: Principal, at: datetime, created: bool) -> None:
    """Record who wrote on a draft; every one of them is an author, and authors do not sign."""
    verb = "created" if created else "edited"
    audit.record(f"{row._meta.label_lower}.{verb}", audit.reference(row), by=by, at=at)


def submit(row: Text, *, by: Principal, at: datetime, consent: Consent) -> Text:
    """Freeze a draft and hand it to its first signer. Raises Refused, also on a lost race."""
    if refusals := against_submitting(row, by):
        raise Refused(refusals)
    digest = digest_now(row)
    columns = {"digest": digest, "submitted_at": at}
    return only(move(row, "submit", by=by, at=at, reason=consent.comment, set=columns, data={"digest": digest}))


def sign_text(row: TemplateVersion, *, by: Principal, at: datetime, consent: Consent) -> models.Model:
    """Sign the step that is due. The digest the person was shown must still be the digest of the text."""
    arrow = _DUE.get(row.state)
    if arrow is None:
        raise Refused([Refusal("wrong_state", _("No signature is due on this text."))])
    return sign(row, arrow, by=by, at=at, consent=consent)


def sign_sequence(row: SequenceVersion, *, by: Principal, at: datetime, consent: Consent) -> models.Model:
    """The CRO signs a sequence version."""
    return sign(row, "approve", by=by, at=at, consent=consent)


def sign(row: Text, arrow: str, *, by: Principal, at: datetime, consent: Consent) -> Text:
    """Move the row and write the signature, or neither. Raises Refused."""
    if refusals := against_signing(row, by):
        raise Refused(refusals)
    if refusals := against_consent(row, by, at, consent):
        raise Refused(refusals)
    data = {"digest": row.digest, **seen.of(consent.token)}
    with transaction.atomic():
        moved = only(move(row, arrow, by=by, at=at, reason=consent.comment, data=data))
        write_signature(row, CHAIN[arrow], row.digest, by=by, at=at, comment=consent.comment)
    return moved


def against_consent(
    row: TemplateVersion | SequenceVersion, by: Principal, at: datetime, consent: Consent
) -> list[Refusal]:
    """Why this consent is none to what the row says: another digest, or a text that nobody showed them."""
    if consent.digest and consent.digest != row.digest:
        return [Refusal("digest_differs", _("The text you were shown is not the text that would be signed."))]
    if isinstance(row, SequenceVersion):
        return []
    return seen.against(row, by, digest=row.digest, at=at, token=consent.token)


def write_signature(
    row: Any, step: Signature.Step, digest: str, *, by: Principal, at: datetime, comment: str
) -> Signature:
    """Insert one signature. The database refuses one whose signer is the author."""
    if isinstance(by, System):
        raise Refused([Refusal("nobody_signs", _("Only a person signs."))])
    return Signature.objects.create(
        subject=audit.reference(row),
        step=step,
        digest=digest,
        author_id=row.author_id,
        signer_id=by.pk,
        at=at,
        comment=comment[:500],
    )


def reject(row: Row, *, by: Principal, at: datetime, consent: Consent) -> Row:
    """Send a submitted row back with a comment; its author starts a new version."""
    return only(move(row, "reject", by=by, at=at, reason=consent.comment))


def against_submitting(row: TemplateVersion | SequenceVersion, by: Principal) -> list[Refusal]:
    """Everything that keeps a draft from being submitted."""
    if isinstance(row, SequenceVersion):
        return policy.against(row)
    try:
        wording.skeleton_of(row)
    except WordingError as error:
        return [Refusal(error.code, error.message, f"{error.part}, line {error.line}, column {error.column}")]
    except ValueError:
        return [Refusal("bad_language", _("There is no such language; write it like en or de-CH."), "language")]
    return findings(row)


def against_signing(row: Any, by: Principal) -> list[Refusal]:
    """Everything that keeps this person from signing: authorship, an earlier signature, a changed text, a rule."""
    if isinstance(by, System):
        return [Refusal("nobody_signs", _("Only a person signs."))]
    found = []
    if wrote(row, by):
        found.append(Refusal("author_signs", _("Who wrote or edited a text does not sign it.")))
    if _signed(row, by) >= _OF_THREE[settings.SMALL_TEAM]:
        found.append(Refusal("signed_already", _("You have signed an earlier step; the next needs another person.")))
    if not _says_what_was_submitted(row):
        found.append(Refusal("changed_since", _("The text was changed after it was submitted.")))
    # A playbook may have become stricter since it was submitted (spec T4, SQ1).
    return [*found, *against_submitting(row, by)]


def wrote(row: Any, by: Principal) -> bool:
    """Whether a person, by whichever of their accounts, wrote or edited a row."""
    return not isinstance(by, System) and any(_is_same(user, by) for user in writers(row))


def writers(row: Any) -> list[Any]:
    """Everybody who wrote or edited a row."""
    numbers = [name.partition(":")[2] for name in _editors(row) if name.startswith("user:")]
    return list(get_user_model().objects.filter(pk__in=[row.author_id, *numbers]).order_by("pk"))


def signers(row: models.Model) -> models.QuerySet[Signature]:
    """The signatures on a row, oldest first."""
    return Signature.objects.filter(subject=audit.reference(row)).order_by("at", "pk")


def digest_now(row: TemplateVersion | SequenceVersion) -> str:
    """The digest of a row as it stands at this moment."""
    return wording.digest_of(row) if isinstance(row, TemplateVersion) else wording.sequence_digest(row)


def lost_race() -> Refused:
    """Somebody else moved the row a moment earlier."""
    return Refused([Refusal("lost_race", _("Somebody else was faster; look at the page again."))])


def only(moved: Sequence[Row]) -> Row:
    """The one row that moved. Raises Refused when somebody else was faster."""
    if not moved:
        raise lost_race()
    return moved[0]


def _signed(row: models.Model, by: Staff) -> int:
    """How many steps a person has signed, by whichever of their accounts."""
    return sum(_is_same(signature.signer, by) for signature in signers(row).select_related("signer"))


def _is_same(user: Staff, by: Staff) -> bool:
    return user.pk == by.pk or bool(user.email and same_person(user.email, by.email))


def _says_what_was_submitted(row: TemplateVersion | SequenceVersion) -> bool:
    try:
        return bool(row.digest == digest_now(row))
    except ValueError:
        return False


def _editors(row: models.Model) -> set[str]:
    label = row._meta.label_lower
    return audit.actors(audit.reference(row), [label + edit for edit in _EDITS])


TEXT_ACTS = (
    Act("submit", submit, against_submitting, kind=Kind.WRITES),
    Act("approve_messaging", sign_text, against_signing, kind=Kind.APPROVES, shows=True),
    Act("approve_narrative", sign_text, against_signing, kind=Kind.APPROVES, shows=True),
    Act("load", sign_text, against_signing, kind=Kind.APPROVES, shows=True),
    Act("reject", reject, comment_required=True, danger=True, kind=Kind.STOPS),
)
SEQUENCE_ACTS = (
    Act("submit", submit, against_submitting, kind=Kind.WRITES),
    Act("approve", sign_sequence, against_signing, kind=Kind.APPROVES),
    Act("reject", reject, comment_required=True, danger=True, kind=Kind.STOPS),
)
