"""Incoming mail: its headers and its words, as text and nothing else."""

import email
import email.policy
from datetime import datetime
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from compliance.admin_pages import Panel, Record
from sequences.models import InboundMessage

Verdict = InboundMessage.Verdict
_LONGEST = 20_000
_MOST_HEADERS = 60
_LONGEST_HEADER = 500


@admin.register(InboundMessage)
class InboundMessageAdmin(Record):
    """What came in, stored before anything was concluded from it."""

    personal = True
    list_display = ("received_at", "recipient", "verdict", "state")
    list_filter = ("state", "verdict")
    search_fields = ("recipient", "=digest")
    search_help_text = _("The address it was sent to")
    ordering = ("-received_at", "-pk")
    fields = ("received_at", "recipient", "verdict", "state", "digest")
    help_when_empty = _("No mail has come in yet.")

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        is_one = request.resolver_match is not None and "object_id" in request.resolver_match.kwargs
        return rows if is_one else rows.defer("raw")

    def panels(self, request: HttpRequest, row: InboundMessage, at: datetime) -> list[Panel]:
        return [Panel(_("The mail"), "sequences/mail.html", read(bytes(row.raw)), first=True)]


def read(raw: bytes) -> dict[str, Any]:
    """Headers and words of a mail from anybody; whatever cannot be read is shown as it came."""
    parsed = email.message_from_bytes(raw, policy=email.policy.compat32)
    headers = [(str(name)[:80], _decoded(value)) for name, value in list(parsed.raw_items())[:_MOST_HEADERS]]
    return {"headers": headers, "text": _words(parsed, raw), "size": len(raw)}


def _decoded(value: Any) -> str:
    text = str(value)
    try:
        return str(make_header(decode_header(text)))[:_LONGEST_HEADER]
    except (LookupError, ValueError):
        return text[:_LONGEST_HEADER]


def _words(parsed: Message, raw: bytes) -> str:
    for part in parsed.walk():
        if part.get_content_type() == "text/plain":
            found = part.get_payload(decode=True)
            return _text(found if isinstance(found, bytes) else raw, part.get_content_charset() or "utf-8")
    return _text(raw, "utf-8")


def _text(data: bytes, charset: str) -> str:
    try:
        return data[:_LONGEST].decode(charset, "replace")
    except LookupError:
        return data[:_LONGEST].decode("utf-8", "replace")
