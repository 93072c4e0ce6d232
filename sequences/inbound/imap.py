"""Fetches what came back to each mailbox from its IMAP server, once, whatever breaks in between (spec R1; LAW THR-06).

How far a folder is read is written down only after its mails are in the database. Who dies in between, and a server
that numbers its mails anew (UIDVALIDITY), make mails come again, and the same mail taken twice changes nothing.
"""

import contextlib
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import Error
from django.db.models import F, Q

from compliance import clock, heartbeats, stopping
from compliance.models import Heartbeat
from sequences.inbound.imap_session import InboxUnreadable, Session, told
from sequences.inbound.intake import take
from sequences.models import Inbox, InboxFolder, Mailbox

_log = logging.getLogger(__name__)
_LOOKED_BACK = timedelta(days=30)
_LEASE = timedelta(minutes=2)
_ROUND_SECONDS = 20.0
_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)
_PORTION = 50
# Logging in every five seconds would be refused by any provider, so that connections are kept between rounds.
_kept: dict[int, Session] = {}


def fetch_round(at: datetime) -> dict[str, int]:
    """Read every mailbox that says where its answers are; those that were not read for longest come first."""
    ends, taken, failed = clock.ticks() + _ROUND_SECONDS, 0, 0
    rows = Mailbox.objects.exclude(imap_host="").select_related("inbox")
    for mailbox in rows.order_by(F("inbox__read_at").asc(nulls_first=True), "pk"):
        if _is_over(ends):
            break
        inbox, _made = Inbox.objects.get_or_create(mailbox=mailbox, defaults={"since": (at - _LOOKED_BACK).date()})
        with _leased(inbox) as mine:
            if mine and _is_due(inbox):
                count, whole = _fetched(inbox, mailbox, ends, at)
                taken, failed = taken + count, failed + (not whole and bool(inbox.error))
    return {"mails": taken, "unreadable inboxes": failed}


def hang_up() -> None:
    """Close the kept connections of this process."""
    while _kept:
        _key, session = _kept.popitem()
        session.close()


def _fetched(inbox: Inbox, mailbox: Mailbox, ends: float, at: datetime) -> tuple[int, bool]:
    """How many mails were taken in, and whether nothing more lies there."""
    taken, whole, errors = 0, True, list[str]()
    for name in _folders(mailbox):
        if _is_over(ends):
            whole = False
            break
        folder, _made = InboxFolder.objects.get_or_create(inbox=inbox, name=name)
        try:
            for _uid in _read(_session(mailbox), folder, at):
                taken += 1
                if _is_over(ends):
                    whole = False
                    break
        except InboxUnreadable as error:
            _drop(mailbox)
            errors.append(f"{name}: {error}")
    _note(inbox, mailbox, errors, whole=whole and not errors)
    return taken, whole and not errors


def _read(session: Session, folder: InboxFolder, at: datetime) -> Iterator[int]:
    """Take in what is new, and say after each mail which it was; afterwards the folder is read to its end."""
    opened = session.open(folder.name)
    here = InboxFolder.objects.filter(pk=folder.pk)
    if opened.validity != folder.validity:
        # The first time, or the server has numbered its mails anew: everything is looked at (again).
        here.update(validity=opened.validity, last_uid=0)
        folder.last_uid = 0
    here = here.filter(validity=opened.validity)
    if opened.next_uid and opened.next_uid - 1 <= folder.last_uid:
        return
    uids = session.after(folder.last_uid, since=folder.inbox.since)
    for start in range(0, len(uids), _PORTION):
        for uid, raw in session.mails(uids[start : start + _PORTION]):
            take(raw, at=at)
            here.filter(last_uid__lt=uid).update(last_uid=uid)
            yield uid
    here.filter(last_uid__lt=opened.next_uid - 1).update(last_uid=opened.next_uid - 1)


def _folders(mailbox: Mailbox) -> list[str]:
    return list(dict.fromkeys(name.strip()[:200] for name in mailbox.imap_folders.split(",") if name.strip()))


def _session(mailbox: Mailbox) -> Session:
    session = _kept.get(mailbox.pk)
    if session is not None and session.told != told(mailbox):
        _drop(mailbox)
        session = None
    if session is None:
        session = _kept[mailbox.pk] = Session(mailbox)
    return session


def _drop(mailbox: Mailbox) -> None:
    if session := _kept.pop(mailbox.pk, None):
        session.close()


def _note(inbox: Inbox, mailbox: Mailbox, errors: list[str], *, whole: bool) -> None:
    now = clock.lease_clock()
    row = Inbox.objects.filter(pk=inbox.pk)
    inbox.error = "; ".join(errors)[:300]
    if errors:
        if not inbox.failures:
            _log.error("the inbox of mailbox %s cannot be read: %s", mailbox.pk, inbox.error)
        row.update(error=inbox.error, failed_at=now, failures=min(inbox.failures + 1, 30_000))
    else:
        row.update(error="", failures=0)
    if whole:
        row.update(read_at=now)
        # Only now: what lay in it is in the database.
        heartbeats.beat(Heartbeat.Kind.INBOX, mailbox.key, at=now)


def _is_over(ends: float) -> bool:
    """Whether the rest is for the next round, or for whoever comes after us."""
    return stopping.asked() or clock.ticks() >= ends


def _is_due(inbox: Inbox) -> bool:
    """A server that failed is left alone for a while, longer each time."""
    if not inbox.failures or inbox.failed_at is None:
        return True
    pause = min(_PAUSE * 2 ** min(inbox.failures - 1, 10), _LONGEST_PAUSE)
    return bool(inbox.failed_at + pause <= clock.lease_clock())


@contextlib.contextmanager
def _leased(inbox: Inbox) -> Iterator[bool]:
    now = clock.lease_clock()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    mine = bool(Inbox.objects.filter(free, pk=inbox.pk).update(leased_until=now + _LEASE))
    try:
        yield mine
    finally:
        if mine:
            # A database that has gone keeps the lease until it ends by itself.
            with contextlib.suppress(Error):
                Inbox.objects.filter(pk=inbox.pk, leased_until=now + _LEASE).update(leased_until=None)
