"""The furniture of writing, planning, sending and listening."""

from sequences.models.enrollments import Enrollment, ExitReason, PauseReason
from sequences.models.events import MessageEvent
from sequences.models.folders import Inbox, InboxFolder
from sequences.models.imports import ImportRun
from sequences.models.inbox import InboundMessage
from sequences.models.lists import ListRow, RecipientList
from sequences.models.mailboxes import Mailbox
from sequences.models.outbox import Attempt, OutboundMessage, Resend
from sequences.models.people import Account, Contact
from sequences.models.sequences import Sequence, SequenceVersion, Step
from sequences.models.signatures import Signature
from sequences.models.templates import SequenceType, Template, TemplateVersion

__all__ = [
    "Account",
    "Attempt",
    "Contact",
    "Enrollment",
    "ExitReason",
    "ImportRun",
    "InboundMessage",
    "Inbox",
    "InboxFolder",
    "ListRow",
    "Mailbox",
    "MessageEvent",
    "OutboundMessage",
    "PauseReason",
    "RecipientList",
    "Resend",
    "Sequence",
    "SequenceType",
    "SequenceVersion",
    "Signature",
    "Step",
    "Template",
    "TemplateVersion",
]
