"""The one place that speaks to mail servers: mailboxes to recipients, and the installation to its own staff."""

from collections.abc import Callable
from types import TracebackType

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage

from compliance import arming
from sequences.mailboxes import password_of
from sequences.models import Mailbox
from sequences.smtp import Connection, Endpoint, Envelope, Outcome, Security, Timeouts

_SYSTEM_HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


class Unreachable(RuntimeError):
    """This installation may not speak to that server (LAW PIP-17)."""


class Session:
    """One kept connection to a mailbox's server for a batch of messages."""

    def __init__(self, mailbox: Mailbox, timeouts: Timeouts | None = None) -> None:
        if not arming.may_reach(mailbox.host):
            raise Unreachable(f"only an armed production installation reaches {mailbox.host}")
        endpoint = Endpoint(
            host=mailbox.host,
            port=mailbox.port,
            security=Security(mailbox.security),
            username=mailbox.username,
            password=password_of(mailbox),
        )
        self._connection = Connection(endpoint, timeouts or Timeouts())
        self._sender = mailbox.address

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def deliver(self, recipient: str, content: bytes, gate: Callable[[], bool]) -> Outcome:
        """Hand over one message; `gate` is asked after RCPT and before DATA."""
        return self._connection.deliver(Envelope(self._sender, recipient), content, gate)


def mail_staff(subject: str, body: str, recipients: list[str]) -> int:
    """Send system mail to active staff addresses; anything else is left out. How many were addressed.

    Raises Unreachable.
    """
    host = settings.EMAIL_HOST
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend") and not arming.may_tell_staff(host):
        raise Unreachable(f"only an armed production installation reaches {host}")
    known = get_user_model().objects.filter(email__in=recipients, is_active=True, is_staff=True)
    addresses = sorted(set(known.values_list("email", flat=True)))
    for address in addresses:
        EmailMessage(subject, body, to=[address], headers=_SYSTEM_HEADERS).send()
    return len(addresses)
