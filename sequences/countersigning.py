"""Who signs again what stands signed, when the signer of a step is gone (LAW APR-05).

The text or the sequence is what it was; only the name behind one step is new. Everything else that keeps somebody
from signing keeps them from signing anew.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from compliance.acts import Act, Consent
from compliance.factor import Kind
from compliance.principals import Principal
from compliance.refusals import Refusal, Refused
from compliance.transitions import move
from sequences import approval, seen, validity
from sequences.models import OutboundMessage, SequenceVersion, Signature, TemplateVersion

STEPS: Mapping[str, Signature.Step] = {
    "renew_messaging": Signature.Step.MESSAGING,
    "renew_narrative": Signature.Step.NARRATIVE,
    "renew_loading": Signature.Step.LOADING,
    "renew": Signature.Step.SEQUENCE,
}

Text = TemplateVersion | SequenceVersion


def renew(arrow: str, row: Text, *, by: Principal, at: datetime, consent: Consent) -> Model:
    """Sign a step in place of somebody who is gone; what waited for that is asked again. Raises Refused."""
    if refusals := against(arrow, row, by):
        raise Refused(refusals)
    if refusals := approval.against_consent(row, by, at, consent):
        raise Refused(refusals)
    data = {"digest": row.digest, **seen.of(consent.token)}
    with transaction.atomic():
        moved = approval.only(move(row, arrow, by=by, at=at, reason=consent.comment, data=data))
        approval.write_signature(row, STEPS[arrow], row.digest, by=by, at=at, comment=consent.comment)
        held = OutboundMessage.objects.filter(state=OutboundMessage.State.PLANNED, reason="signer_gone")
        held.filter(not_before__gt=at).update(not_before=at)
    return moved


def against(arrow: str, row: Text, by: Principal) -> list[Refusal]:
    """Everything that keeps this person from signing a step anew; first of all, that its signature stands."""
    given = approval.signers(row).filter(step=STEPS[arrow], digest=row.digest)
    if not given or validity.standing(given):
        return [Refusal("still_signed", _("Whoever signed this may still sign it: the signature stands."))]
    return approval.against_signing(row, by)


def _act(arrow: str, *, shows: bool) -> Act:
    return Act(arrow, partial(renew, arrow), partial(against, arrow), kind=Kind.APPROVES, shows=shows)


TEXT_ACTS = tuple(_act(arrow, shows=True) for arrow in ("renew_messaging", "renew_narrative", "renew_loading"))
SEQUENCE_ACTS = (_act("renew", shows=False),)
