"""Decides how halts are shown where this floor's things are concerned: their names, and the messages they hold."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from compliance import audit
from compliance.admin_halts import HaltAdmin
from compliance.admin_pages import Panel, key_in, person
from compliance.admin_words import Scope, know_scopes
from compliance.models import Halt
from sequences import standstill
from sequences.models import Account, Mailbox, RecipientList, Sequence, Template


def _row(model: type[models.Model]) -> Callable[[str], Scope | None]:
    def named(key: str) -> Scope | None:
        row = model._default_manager.filter(pk=key_in(key)).first()
        return Scope(f"{capfirst(model._meta.verbose_name)} {row}", audit.reference(row)) if row else None

    return named


def _sending_domain(domain: str) -> Scope | None:
    known = Mailbox.objects.filter(address__iendswith=f"@{domain}").exists() if domain else False
    return Scope(str(_("Every mailbox at %(domain)s") % {"domain": domain})) if known else None


def messages_of(request: HttpRequest, row: Halt) -> Panel:
    """How many messages a halt holds, and how many were past the door already."""
    shown: dict[str, object] = {**standstill.counts(row.scope), "row": row, "stands": row.state != Halt.State.LIFTED}
    if person(request).has_perm("sequences.view_outboundmessage"):
        waiting = urlencode({"state__exact": "planned", "because": "halted"})
        shown["url"] = f"{reverse('admin:sequences_outboundmessage_changelist')}?{waiting}"
    return Panel(_("Messages in it at this moment"), "sequences/held.html", shown)


know_scopes(
    {
        "account": _row(Account),
        "list": _row(RecipientList),
        "mailbox": _row(Mailbox),
        "sequence": _row(Sequence),
        "template": _row(Template),
        "sending-domain": _sending_domain,
    }
)
HaltAdmin.tells.append(messages_of)
