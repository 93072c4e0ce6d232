"""Messages: what became of each, why it went or did not go, and what exactly it says."""

import email
import email.policy
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance import clearance
from compliance.admin_acts import ActsAdmin
from compliance.admin_pages import NOTHING, Panel, Record
from compliance.models import Decision
from sequences import asks, outbox
from sequences.admin.events import MessageNews
from sequences.models import OutboundMessage

State = OutboundMessage.State
TONES = {
    State.PLANNED: "info",
    State.CLAIMED: "info",
    State.CLEARED: "info",
    State.ACCEPTED: "good",
    State.REJECTED: "bad",
    State.REFUSED: "bad",
    State.CANCELLED: "plain",
    State.EXPIRED: "wait",
    State.IN_DOUBT: "wait",
}
_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post")


class Because(admin.SimpleListFilter):
    """Why a message waits or ended, among the reasons that occur."""

    title = _("because")
    parameter_name = "because"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = OutboundMessage.objects.exclude(reason="").order_by("reason")
        found = [(code, words.say(code)) for code in rows.values_list("reason", flat=True).distinct()]
        return sorted(found, key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutboundMessage]) -> QuerySet[OutboundMessage]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


@admin.register(OutboundMessage)
class OutboundMessageAdmin(MessageNews, Record, ActsAdmin):
    """The outbox: one row per message, in exactly one state."""

    personal = True
    acts = outbox.ACTS
    means = {
        "accept": _("There is evidence that the server took it, so the sequence goes on with the next step."),
        "resend": _(
            "It may arrive a second time. It goes through every check once more, as another try of the same step; "
            "whoever has opted out meanwhile gets nothing. The sequence waits for it."
        ),
        "cancel": _("It is not sent, now or later, and the sequence goes on with the next step."),
    }
    tones = TONES
    list_display = ("to", "step", "state_shown", "because", "not_before", "settled_at")
    list_display_links = ("to",)
    list_filter = ("state", Because, "mailbox", "step")
    list_select_related = ("enrollment__contact",)
    search_fields = ("=ref", "=message_id", "enrollment__contact__address", "enrollment__contact__last_name")
    search_help_text = _("Address, name, reference or Message-ID")
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": ("to", "because", "reply", "enrollment", "step", "template_version")}),
        (
            _("When"),
            {
                "classes": ("collapse",),
                "fields": ("planned_at", "not_before", "expires_at", "first_attempt_at", "settled_at"),
            },
        ),
        (
            _("Proof"),
            {"classes": ("collapse",), "fields": ("ref", "mailbox", "attempts_made", "message_id", "content_digest")},
        ),
    )
    readonly_fields = ("to", "because")
    help_when_empty = _("Messages are planned when a step of somebody's sequence is due.")

    def panels(self, request: HttpRequest, row: OutboundMessage, at: datetime) -> list[Panel]:
        tries = {"attempts": row.attempts.order_by("number"), "resends": _resends(row)}
        return [
            *super().panels(request, row, at),
            Panel(_("Why did it go, or not?"), "sequences/decisions.html", _why(row, at)),
            Panel(_("Attempts"), "sequences/attempts.html", tries),
            self.news(request, row),
            Panel(_("What it says"), "sequences/content.html", said(row)),
        ]

    @admin.display(description=_("to"), ordering="enrollment__contact__address")
    def to(self, row: OutboundMessage) -> str:
        return row.enrollment.contact.address

    @admin.display(description=_("because"), ordering="reason")
    def because(self, row: OutboundMessage) -> str:
        return words.say(row.reason) or NOTHING


def _resends(row: OutboundMessage) -> list[dict[str, Any]]:
    """Who had it sent again after which try, and why."""
    found = row.resends.select_related("decided_by").order_by("attempt")
    return [{"row": one, "who": one.decided_by.get_full_name() or one.decided_by.username} for one in found]


def _why(row: OutboundMessage, at: datetime) -> dict[str, Any]:
    decisions = [
        {
            "row": one,
            "tone": words.tone(one.outcome),
            "because": words.say(one.code),
            "verdicts": words.verdict_rows(one.verdicts),
        }
        for one in Decision.objects.filter(ref=row.ref).order_by("-attempt")
    ]
    return {"decisions": decisions, "now": _would_say(row, at) if row.state == State.PLANNED else None}


def _would_say(row: OutboundMessage, at: datetime) -> dict[str, Any]:
    (ruling,) = clearance.preview([asks.for_message(row)], at)
    return {
        "outcome": ruling.outcome.label,
        "tone": words.tone(ruling.outcome),
        "because": words.say(ruling.code),
        "until": ruling.decisive.until,
        "verdicts": words.verdict_rows([clearance.as_data(verdict) for verdict in ruling.verdicts]),
    }


def said(row: OutboundMessage) -> dict[str, Any]:
    """The headers a reader knows and the exact text part, from the bytes as they were frozen."""
    if row.content is None:
        return {"waits": row.state in {State.PLANNED, State.CLAIMED}}
    letter = email.message_from_bytes(bytes(row.content), policy=email.policy.default)
    part = letter.get_body(preferencelist=("plain",))
    headers = [(name, str(letter[name])) for name in _HEADERS if letter[name]]
    return {"headers": headers, "text": part.get_content() if part else "", "digest": row.content_digest}
