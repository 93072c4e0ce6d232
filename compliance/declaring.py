"""Decides whether the opt-outs of the time before this installation are known: loaded, or said to be none (LAW SUP-12).

They bind the sender, not the tool that was used then. Until somebody has said so on record, nothing goes out.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from compliance import installation
from compliance.acts import Act, Consent
from compliance.factor import Kind
from compliance.models import EarlierOptOuts, Suppression, SuppressionReason
from compliance.principals import Principal
from compliance.refusals import Refusal, Refused
from compliance.transitions import move


def declared() -> bool:
    """Whether somebody has said so. A demonstration and tests write to nobody, and have no time before."""
    row = installation.current()
    if row is None:
        return False
    said = EarlierOptOuts.objects.exclude(state=EarlierOptOuts.State.UNDECLARED)
    return installation.is_played(row) or said.exists()


def declare_loaded(row: EarlierOptOuts, *, by: Principal, at: datetime, consent: Consent) -> EarlierOptOuts:
    """They are among the stops. Raises Refused."""
    if refusals := against_loaded(row, by):
        raise Refused(refusals)
    return _declared(row, "declare_loaded", by=by, at=at, consent=consent)


def declare_none(row: EarlierOptOuts, *, by: Principal, at: datetime, consent: Consent) -> EarlierOptOuts:
    """There are none. Raises Refused."""
    return _declared(row, "declare_none", by=by, at=at, consent=consent)


def against_loaded(row: EarlierOptOuts, by: Principal) -> list[Refusal]:
    """Nothing can have been loaded where there is no stop at all."""
    if _stops():
        return []
    return [
        Refusal(
            "nothing_loaded",
            _("No stop is recorded yet. Load them first, as a file or with a list that says who opted out."),
        )
    ]


def _declared(row: EarlierOptOuts, arrow: str, *, by: Principal, at: datetime, consent: Consent) -> EarlierOptOuts:
    moved = move(row, arrow, by=by, at=at, reason=consent.comment, data={"stops": _stops()})
    if not moved:
        raise Refused([Refusal("overtaken", _("Somebody else was faster. Please look again."))])
    return moved[0]


def _stops() -> int:
    return Suppression.objects.exclude(reason=SuppressionReason.CANARY).count()


ACTS = (
    Act("declare_loaded", declare_loaded, against_loaded, comment_required=True, kind=Kind.STARTS),
    Act("declare_none", declare_none, comment_required=True, kind=Kind.STARTS),
)
