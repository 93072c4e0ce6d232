"""Sends the day's head of the audit log to those who may read it: their mailboxes are beyond our reach (LAW AUD-02)."""

from datetime import datetime

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from compliance import heads, heartbeats, installation, sealer
from compliance.sealer import Head
from sequences.transport import mail_staff

_READERS = "compliance.view_auditentry"


def head_round(at: datetime) -> dict[str, int]:
    """Keep the head of the day on this host, and mail it once a day from whichever host comes first."""
    if installation.may_simulate_time():
        return {}  # what is played is nobody's evidence
    kept = heads.export(at)
    return {"kept": int(kept is not None), "mailed": _mail(at)}


def _mail(at: datetime) -> int:
    head, name = sealer.head(), f"audit-head:{at.date().isoformat()}"
    if head is None or not heartbeats.once(name, at=at):
        return 0
    try:
        return mail_staff(*_said(head, at), _readers())
    except Exception:
        heartbeats.again(name)
        raise


def _said(head: Head, at: datetime) -> tuple[str, str]:
    subject = _("Audit log of %(date)s: position %(position)s") % {"date": at.date(), "position": head.position}
    body = _(
        "This is where the audit log ended today. Please keep this mail: with it anybody can prove later that "
        "nothing was cut off or written anew.\n\n"
        "Date: %(date)s\nPosition: %(position)s\nHead: %(chain)s\n\n"
        "To check: manage.py audit verify --head %(chain)s\n"
    ) % {"date": at.date(), "position": head.position, "chain": head.chain}
    return subject, body


def _readers() -> list[str]:
    people = get_user_model().objects.with_perm(_READERS, backend="django.contrib.auth.backends.ModelBackend")
    return [person.email for person in people if person.email]
