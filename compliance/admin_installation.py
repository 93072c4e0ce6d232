"""This installation as people read it: what it is for, whether it may send from here, and why not; arm and disarm."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from compliance import arming, declaring, hosts, journal, replay, replay_halts, roster
from compliance.admin_acts import ActsAdmin
from compliance.admin_heartbeats import standing_of
from compliance.admin_pages import Panel, Record, page_of
from compliance.audit import reference
from compliance.journal import JournalUnavailable
from compliance.models import EarlierOptOuts, Installation, JournalHost

State = Installation.State


@admin.register(Installation)
class InstallationAdmin(ActsAdmin, Record):
    """The one row that says what this database is."""

    acts = arming.ACTS
    means = {
        "arm": _(
            "What the journal of this host knows and the database does not is written down again; every other host "
            "then does the same by itself, and nothing is sent before all of them have. Arm it only if this database "
            "is the one that shall write to people, and no copy of it does."
        ),
        "disarm": _("Nothing leaves, on any host, until somebody with the right to do so arms it again."),
    }
    tones = {State.ARMED: "good", State.DISARMED: "bad"}
    list_display = ("purpose", "instance", "state_shown", "disarmed_because")
    fields = ("purpose", "instance", "epoch", "created_at", "disarmed_because")
    help_when_empty = _("This database has not been set up. Run “manage.py setup”.")

    def panels(self, request: HttpRequest, row: Installation, at: datetime) -> list[Panel]:
        host = Panel(_("This host"), "compliance/this_host.html", _of_this_host(at), first=True)
        others = Panel(_("Hosts that keep a journal"), "compliance/hosts.html", _of_all_hosts(), first=True)
        return [*super().panels(request, row, at), host, others]


@admin.register(EarlierOptOuts)
class EarlierOptOutsAdmin(ActsAdmin, Record):
    """What became of the opt-outs of the time before."""

    acts = declaring.ACTS
    means = {
        "declare_loaded": _(
            "Whoever said no to you by any other tool is among the stops now. They bind you and not the tool: nothing "
            "goes out before somebody has said this, or that there are none."
        ),
        "declare_none": _("Nobody has ever asked you not to write. If you are not certain, load the list first."),
    }
    tones = {
        EarlierOptOuts.State.UNDECLARED: "bad",
        EarlierOptOuts.State.LOADED: "good",
        EarlierOptOuts.State.NONE: "good",
    }
    list_display = ("__str__", "state_shown")
    fields = ("state",)
    help_when_empty = _("This database has not been set up. Run “manage.py setup”.")


def _of_this_host(at: datetime) -> dict[str, Any]:
    # Seen from the web server; a worker on another machine has a journal of its own.
    # To look changes nothing: what disarms is kept by whoever would send.
    found = {"fault": arming.look(), "folder": journal.folder()}
    try:
        told = journal.known()
        again = replay_halts.standing_again()
        return {**found, "known": told, "missing": replay.missing().counts, "standing_again": again}
    except JournalUnavailable:
        return found


def _of_all_hosts() -> dict[str, Any]:
    seen, here = roster.see(), _name_of_this_host()
    rows = [
        {"row": row, "standing": standing_of(row, seen), "here": row.name == here, "page": page_of(reference(row))}
        for row in JournalHost.objects.all()
    ]
    return {"hosts": rows, "bare": roster.without_journal()}


def _name_of_this_host() -> str:
    try:
        return hosts.this_host()
    except OSError:
        return ""
