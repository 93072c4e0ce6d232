"""A person says what became of a message in doubt, or that a planned one is not wanted."""

from datetime import datetime

from django.db import transaction

from compliance.acts import Act, Consent
from compliance.principals import Principal
from compliance.transitions import move
from sequences import enrollment
from sequences.approval import only
from sequences.models import OutboundMessage


def accept(row: OutboundMessage, *, by: Principal, at: datetime, consent: Consent) -> OutboundMessage:
    """There is evidence that it was delivered."""
    return _resolve(row, "accept", by, at, consent)


def cancel(row: OutboundMessage, *, by: Principal, at: datetime, consent: Consent) -> OutboundMessage:
    """It was not delivered, or shall not be; it is not sent again."""
    return _resolve(row, "cancel", by, at, consent)


def _resolve(row: OutboundMessage, arrow: str, by: Principal, at: datetime, consent: Consent) -> OutboundMessage:
    columns = {"reason": "decided_by_hand", "settled_at": at}
    with transaction.atomic():
        moved = only(move(row, arrow, by=by, at=at, reason=consent.comment, set=columns))
        enrollment.advance(moved.enrollment, moved.step, at=at)
    return moved


ACTS = (
    Act("accept", accept, comment_required=True),
    Act("cancel", cancel, comment_required=True, danger=True),
)
