"""Decides how a playbook comes into force: somebody loads it, the CMO signs, then the CRO, and with that it decides.

Three people, or two where it was loaded by the system: who loaded it does not sign, and nobody signs twice, superusers
and second accounts included. The database compares persons and digest once more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from compliance import identities, playbook
from compliance.acts import Act, Consent
from compliance.factor import Kind
from compliance.models import PlaybookSignature, PlaybookVersion
from compliance.playbook import AnotherBegan
from compliance.principals import Principal, System, actor
from compliance.refusals import Refusal, Refused
from compliance.transitions import move

LOAD = "compliance.add_playbookversion"
_TITLE, _COMMENT = 200, 500
_Role = PlaybookSignature.Role
_LOST = Refusal("lost_race", _("Somebody else was faster; look at the page again."))


def faults(document: Mapping[str, Any]) -> Sequence[Refusal]:
    """Everything that the setting PLAYBOOK_CHECK has against a document, each with its place."""
    found: Sequence[Refusal] = import_string(settings.PLAYBOOK_CHECK)(document)
    return found


def propose(title: str, document: Mapping[str, Any], *, by: Principal, at: datetime) -> PlaybookVersion:
    """Store a document as a version that waits for the CMO and the CRO. Raises Refused with every fault."""
    if refusals := [*against_proposing(by), *_against_document(title, document)]:
        raise Refused(refusals)
    try:
        with transaction.atomic():
            return playbook.store(title.strip(), document, by=by, at=at)
    except IntegrityError as error:
        # Two versions were loaded at once, and both wanted the same number.
        raise Refused([_LOST]) from error


def against_proposing(by: Principal) -> list[Refusal]:
    """What keeps this person from loading a version."""
    if isinstance(by, System) or not (by.is_active and by.has_perm(LOAD)):
        return [Refusal("not_permitted", _("Your roles do not include this."))]
    return identities.against_unknown(by)


def against_signing(row: PlaybookVersion, by: Principal) -> list[Refusal]:
    """Everything that keeps this person from signing: that they loaded it, an earlier signature, what it says."""
    if isinstance(by, System):
        return [Refusal("nobody_signs", _("Only a person signs."))]
    me, found = identities.digest_of(by), identities.against_unknown(by)
    if row.loaded_by == actor(by) or (me and me == row.loaded_person):
        text = _("You loaded it, by this or another account. Who loads a playbook does not sign it.")
        found.append(Refusal("author_signs", text))
    if any(one.signed_by == actor(by) or one.person == me for one in row.signatures.all()):
        text = _("You have signed it, by this or another account; the next signature needs another person.")
        found.append(Refusal("signed_already", text))
    if row.number < _in_force():
        found.append(Refusal("outdated", _("A later version is in force; load it again to go back to what it says.")))
    return [*found, *faults(row.document)]


def sign_cmo(row: PlaybookVersion, *, by: Principal, at: datetime, consent: Consent) -> PlaybookVersion:
    """The CMO signs. Raises Refused."""
    return _signed(row, "sign_cmo", _Role.CMO, by, at, consent)


def sign_cro(row: PlaybookVersion, *, by: Principal, at: datetime, consent: Consent) -> PlaybookVersion:
    """The CRO signs, and in the same transaction it is in force. Raises Refused."""
    return _signed(row, "sign_cro", _Role.CRO, by, at, consent)


def reject(row: PlaybookVersion, *, by: Principal, at: datetime, consent: Consent) -> PlaybookVersion:
    """It will not be agreed upon. Raises Refused when somebody was faster."""
    return _only(move(row, "reject", by=by, at=at, reason=consent.comment))


def _signed(
    row: PlaybookVersion, arrow: str, role: PlaybookSignature.Role, by: Principal, at: datetime, consent: Consent
) -> PlaybookVersion:
    if refusals := against_signing(row, by):
        raise Refused(refusals)
    if consent.digest != row.digest:
        text = _("The playbook you were shown is not the one that would be signed.")
        raise Refused([Refusal("digest_differs", text)])
    try:
        with transaction.atomic():
            _write(row, role, by, at, consent)
            if role == _Role.CRO:
                playbook.began(row, by=by, at=at, agreed=True)
            return _only(move(row, arrow, by=by, at=at, reason=consent.comment, data={"digest": row.digest}))
    except (AnotherBegan, IntegrityError) as error:
        # The database was asked the same once more, after somebody else had been faster.
        raise Refused([_LOST]) from error


def _write(
    row: PlaybookVersion, role: PlaybookSignature.Role, by: Principal, at: datetime, consent: Consent
) -> PlaybookSignature:
    return PlaybookSignature.objects.create(
        version=row,
        role=role,
        digest=row.digest,
        signed_by=actor(by),
        person=identities.digest_of(by),
        at=at,
        comment=consent.comment[:_COMMENT],
    )


def _only(moved: Sequence[PlaybookVersion]) -> PlaybookVersion:
    if not moved:
        raise Refused([_LOST])
    return moved[0]


def _against_document(title: str, document: Mapping[str, Any]) -> list[Refusal]:
    found = list(faults(document))
    if not 0 < len(title.strip()) <= _TITLE:
        text = _("Needs a title of %(longest)d characters at the most.") % {"longest": _TITLE}
        found.insert(0, Refusal("no_title", text, "title"))
    if not found and _stands(playbook.digest_of(document)):
        said = _("The version in force, or one that waits for signatures, already says exactly this.")
        found.append(Refusal("nothing_new", said))
    return found


def _stands(digest: str) -> bool:
    in_force = PlaybookVersion.objects.filter(state=PlaybookVersion.State.IN_FORCE, digest=digest)
    return playbook.waiting(digest) is not None or in_force.exists()


def _in_force() -> int:
    try:
        return playbook.active().number
    except playbook.NoPlaybook:
        return 0


ACTS = (
    Act("sign_cmo", sign_cmo, against_signing, kind=Kind.APPROVES),
    Act("sign_cro", sign_cro, against_signing, kind=Kind.APPROVES),
    Act("reject", reject, comment_required=True, danger=True, kind=Kind.STOPS),
)
