"""Incoming mail: its headers and its words, as text and nothing else; what it is, and one key for each class of those
that wait for a person."""

import email
import email.policy
from collections.abc import Mapping
from datetime import datetime
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from compliance import clock
from compliance.acts import Act, offers
from compliance.admin_acts import ActsAdmin
from compliance.admin_pages import NOTHING, Panel, Record, badge, person
from sequences import router
from sequences.admin import outbox
from sequences.models import InboundMessage, OutboundMessage

Verdict = InboundMessage.Verdict
State = InboundMessage.State
_LONGEST = 20_000
_MOST_HEADERS = 60
_LONGEST_HEADER = 500
_EARLIER = 5
_LONGEST_EARLIER = 4_000
_TONES = {
    Verdict.POSITIVE: "good",
    Verdict.NEUTRAL: "plain",
    Verdict.NEGATIVE: "wait",
    Verdict.OPT_OUT: "bad",
    Verdict.COMPLAINT: "bad",
}
_KEYS = (
    Verdict.POSITIVE,
    Verdict.NEUTRAL,
    Verdict.NEGATIVE,
    Verdict.OPT_OUT,
    Verdict.AUTO_REPLY,
    Verdict.COMPLAINT,
    Verdict.BOUNCE,
    Verdict.OTHER,
)
_MEANS: Mapping[str, Any] = {
    Verdict.POSITIVE: _("leaves the sequence"),
    Verdict.NEUTRAL: _("the sequence goes on"),
    Verdict.NEGATIVE: _("leaves the sequence"),
    Verdict.OPT_OUT: _("stopped for ever"),
    Verdict.AUTO_REPLY: _("pauses while they are away"),
    Verdict.COMPLAINT: _("stopped for ever"),
    Verdict.BOUNCE: _("nothing follows"),
    Verdict.OTHER: _("nothing follows"),
}
(_ROUTE,) = [act for act in router.ACTS if act.arrow == "route"]


@admin.register(InboundMessage)
class InboundMessageAdmin(Record, ActsAdmin):
    """What came in, stored before anything was concluded from it."""

    personal = True
    acts = router.ACTS
    means = {
        "route": _("What follows from it is drawn at once, and whoever was held for it is held no more."),
        "correct": _(
            "What follows from the new class is drawn at once. A stop that was recorded stays, and nobody is brought "
            "back into a sequence they have left."
        ),
    }
    tones = {State.WAITING: "wait", State.ROUTED: "plain"}
    list_display = ("received_at", "who", "state_shown", "class_shown", "sure", "words", "waits")
    list_filter = ("state", "verdict", "subclass", "matched_by")
    list_select_related = ("contact__account",)
    search_fields = ("recipient", "=digest", "contact__address", "contact__last_name")
    search_help_text = _("The address it was sent to, or name or address of who wrote it")
    ordering = ("-received_at", "-pk")
    fieldsets = (
        (None, {"fields": ("received_at", "contact", "matched_by", "message", "recipient")}),
        (_("What it is"), {"fields": ("class_shown", "sure", "words", "return_date", "permanent")}),
        (_("Who said so"), {"fields": ("decided_by", "decided_at", "taken_at", "digest")}),
    )
    readonly_fields = ("class_shown", "sure")
    help_when_empty = _("No mail has come in yet.")

    @admin.display(description=_("from"), ordering="contact__address")
    def who(self, row: InboundMessage) -> str:
        """Whom it is from or about, as far as it is known."""
        return str(row.contact or _("nobody we know"))

    @admin.display(description=_("class"), ordering="verdict")
    def class_shown(self, row: InboundMessage) -> str:
        """What it is, or what the machine took it for, coloured."""
        finer = router.CLASSES[Verdict(row.verdict)].get(row.subclass, row.subclass)
        said = f"{row.get_verdict_display()}: {finer}" if finer else row.get_verdict_display()
        return badge(said, _TONES.get(Verdict(row.verdict), "plain"))

    @admin.display(description=_("sure"), ordering="confidence")
    def sure(self, row: InboundMessage) -> str:
        """How sure the machine was of its class."""
        return f"{row.confidence} %" if row.confidence else NOTHING

    @admin.display(description=_("waits for"), ordering="received_at")
    def waits(self, row: InboundMessage) -> str:
        """How long it has been waiting."""
        return timesince(row.received_at, clock.now()) if row.state == State.WAITING else NOTHING

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        is_one = request.resolver_match is not None and "object_id" in request.resolver_match.kwargs
        return rows if is_one else rows.defer("raw")

    def panels(self, request: HttpRequest, row: InboundMessage, at: datetime) -> list[Panel]:
        found = [Panel(_("The mail"), "sequences/mail.html", read(bytes(row.raw)), first=True)]
        if earlier := thread(row):
            found.append(Panel(_("What went before"), "sequences/thread.html", {"letters": earlier}, first=True))
        keys = self._keys(request, row, at)
        return [*keys, *found, *super().panels(request, row, at)]

    def after(self, row: InboundMessage, act: Act) -> str:
        """The next one that waits, so that a queue is worked off without coming back to the list."""
        if act.arrow != _ROUTE.arrow:
            return super().after(row, act)
        following = InboundMessage.objects.filter(state=State.WAITING).order_by("received_at", "pk").first()
        return self._page(following) if following else reverse("admin:sequences_inboundmessage_changelist")

    def _keys(self, request: HttpRequest, row: InboundMessage, at: datetime) -> list[Panel]:
        (offer,) = offers(row, [_ROUTE], person(request), at)
        if not offer.open:
            return []
        keys = [
            {"key": number, "what": str(verdict), "label": verdict.label, "means": _MEANS[verdict]}
            for number, verdict in enumerate(_KEYS, start=1)
        ]
        shown = {"keys": keys, "url": self._shown(offer, row).url, "guessed": row.verdict if row.confidence else ""}
        return [Panel(_("What is it?"), "sequences/keys.html", shown, first=True)]


def queue() -> str:
    """The address of the mails that wait for a person, the oldest first."""
    return f"{reverse('admin:sequences_inboundmessage_changelist')}?state__exact={State.WAITING.value}&o=1"


def thread(row: InboundMessage) -> list[dict[str, Any]]:
    """The latest of our messages to whoever it is from, and their earlier answers, the newest first."""
    if row.contact is None:
        return []
    gone = (OutboundMessage.State.ACCEPTED, OutboundMessage.State.IN_DOUBT)
    ours = OutboundMessage.objects.filter(enrollment__contact=row.contact, state__in=gone).order_by("-settled_at")
    theirs = InboundMessage.objects.filter(contact=row.contact, received_at__lte=row.received_at).exclude(pk=row.pk)
    letters = [_ours(one, one.pk == row.message_id) for one in ours[:_EARLIER]]
    letters += [_theirs(one) for one in theirs.defer("raw").order_by("-received_at")[:_EARLIER]]
    return sorted(letters, key=lambda one: one["at"], reverse=True)


def read(raw: bytes) -> dict[str, Any]:
    """Headers and words of a mail from anybody; whatever cannot be read is shown as it came."""
    parsed = email.message_from_bytes(raw, policy=email.policy.compat32)
    headers = [(str(name)[:80], _decoded(value)) for name, value in list(parsed.raw_items())[:_MOST_HEADERS]]
    return {"headers": headers, "text": _words(parsed, raw), "size": len(raw)}


def _ours(message: OutboundMessage, answered: bool) -> dict[str, Any]:
    said = outbox.said(message)
    subject = dict(said.get("headers", ())).get("Subject", "")
    at = message.settled_at or message.planned_at
    url = reverse("admin:sequences_outboundmessage_change", args=[message.pk])
    told = {"at": at, "url": url, "subject": subject, "text": str(said.get("text", ""))[:_LONGEST_EARLIER]}
    return {**told, "ours": True, "answered": answered}


def _theirs(row: InboundMessage) -> dict[str, Any]:
    """By what decided what it is: the mail itself may be of any size, and is a page of its own."""
    url = reverse("admin:sequences_inboundmessage_change", args=[row.pk])
    told = {"at": row.received_at, "url": url, "subject": row.get_verdict_display(), "text": row.words}
    return {**told, "ours": False, "answered": False}


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
