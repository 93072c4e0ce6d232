"""Where everybody stands in their sequence: what went, what is next, why it ended."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance.admin_acts import ActsAdmin
from compliance.admin_pages import Panel, Record
from sequences import enrollment, pauses
from sequences.admin.outbox import TONES as MESSAGE_TONES
from sequences.models import Enrollment, OutboundMessage

State = Enrollment.State


@admin.register(Enrollment)
class EnrollmentAdmin(Record, ActsAdmin):
    """Passages through sequences."""

    personal = True
    acts = pauses.ACTS + enrollment.ACTS
    means = {
        "pause": _("Nothing is sent to this person meanwhile. No step is left out: what was due is due afterwards."),
        "resume": _("What was due meanwhile is sent in the next working hours; what was left of a wait is left now."),
        "leave": _("Nothing more is sent to this person in this sequence; what was planned is cancelled."),
    }
    tones = {State.ACTIVE: "good", State.FINISHED: "plain", State.EXITED: "wait"}
    list_display = ("contact", "version", "state_shown", "next_step", "due_at", "paused_because", "exit_reason")
    list_filter = ("state", "exit_reason", "paused_because", "mailbox", "version__sequence")
    list_select_related = ("contact__account", "version__sequence", "mailbox")
    search_fields = ("contact__address", "contact__last_name", "contact__account__name")
    search_help_text = _("Name, address or company")
    ordering = ("-pk",)
    fields = (
        "contact",
        "version",
        "row",
        "mailbox",
        "exit_reason",
        "next_step",
        "due_at",
        "paused_at",
        "paused_because",
        "paused_until",
        "entered_at",
        "ended_at",
    )
    help_when_empty = _("Passages begin when the CRO signs a recipient list.")

    def panels(self, request: HttpRequest, row: Enrollment, at: datetime) -> list[Panel]:
        messages = row.messages.order_by("step")
        shown = {
            "messages": [_told(message) for message in messages],
            "due_at": row.due_at if row.state == State.ACTIVE else None,
            "next_step": row.next_step,
            "steps": row.version.steps.count(),
        }
        panel = Panel(_("Messages"), "sequences/messages.html", shown, first=True)
        return [*super().panels(request, row, at), panel]


def _told(message: OutboundMessage) -> dict[str, Any]:
    return {
        "row": message,
        "tone": MESSAGE_TONES[OutboundMessage.State(message.state)],
        "because": words.say(message.reason),
    }
