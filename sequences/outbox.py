"""A person says what became of a message in doubt, has it sent again, or says that a planned one is not wanted."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compliance.acts import Act, Consent
from compliance.factor import Kind
from compliance.principals import Principal
from compliance.refusals import Refusal, Refused
from compliance.transitions import move
from sequences import enrollment, resending
from sequences.approval import only
from sequences.models import OutboundMessage


def accept(row: OutboundMessage, *, by: Principal, at: datetime, consent: Consent) -> OutboundMessage:
    """There is evidence that it was delivered. Raises Refused."""
    if refusals := against_accepting(row, by):
        raise Refused(refusals)
    return _resolve(row, "accept", by, at, consent)


def cancel(row: OutboundMessage, *, by: Principal, at: datetime, consent: Consent) -> OutboundMessage:
    """It was not delivered, or shall not be; it is not sent again."""
    return _resolve(row, "cancel", by, at, consent)


def against_accepting(row: OutboundMessage, by: Principal) -> list[Refusal]:
    """While the server is being spoken to, nobody says by hand what it will answer."""
    if row.state == OutboundMessage.State.CLEARED:
        return [Refusal("on_the_wire", _("It is being sent at this moment; its server's answer is awaited."))]
    return []


def _resolve(row: OutboundMessage, arrow: str, by: Principal, at: datetime, consent: Consent) -> OutboundMessage:
    columns = {"reason": "decided_by_hand", "settled_at": at}
    with transaction.atomic():
        moved = only(move(row, arrow, by=by, at=at, reason=consent.comment, set=columns))
        enrollment.advance(moved.enrollment, moved.step, at=at)
    return moved


ACTS = (
    Act("accept", accept, against_accepting, comment_required=True, kind=Kind.WRITES),
    Act(
        "resend",
        resending.resend,
        resending.against_resending,
        comment_required=True,
        danger=True,
        kind=Kind.STARTS,
    ),
    Act("cancel", cancel, comment_required=True, danger=True, kind=Kind.STOPS),
)
