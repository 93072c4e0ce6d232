"""Which role may do what: the eight roles of the house as Django groups, each with exactly its permissions.

Writing, signing and loading are kept apart, so that no role can carry a text or a list alone from draft to sending.
Stopping is easy, every member of staff may stop everything; starting again takes two people of those who lead.
"""

from collections.abc import Mapping, Sequence

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class UnknownPermission(LookupError):
    """A role names a permission that no model declares."""


def _views(app: str, *models: str) -> frozenset[str]:
    return frozenset(f"{app}.view_{model}" for model in models)


def _edits(*models: str) -> frozenset[str]:
    return frozenset(f"sequences.{verb}_{model}" for model in models for verb in ("add", "change", "delete"))


_STOP = frozenset({"compliance.place_halt", "compliance.view_halt", "sequences.view_mailbox"})
_WORDING = _views("sequences", "template", "templateversion", "sequence", "sequenceversion", "step", "signature")
_PEOPLE = _views("sequences", "account", "contact")
_SENDING = _views(
    "sequences", "recipientlist", "listrow", "importrun", "enrollment", "outboundmessage", "attempt", "inboundmessage"
)
_LEDGER = _views("compliance", "suppression", "decision", "auditentry", "playbookversion", "heartbeat", "installation")
_LEDGER |= _views("compliance", "journalhost", "earlieroptouts", "sendingdomain")
_LEDGER |= {"compliance.check_sendingdomain"}
_INCIDENT = _views("compliance", "incident") | {"compliance.open_incident"}
_LADDER = _views("handoff", "lead", "stagemove", "finding", "signal", "handoff", "briefing", "task", "owner")
_LADDER |= _views("handoff", "proposal")
_EVERYTHING = _STOP | _WORDING | _PEOPLE | _SENDING | _LEDGER | _INCIDENT | _LADDER
# Who talks to the people we write to says what an answer means, and lets a passage wait.
_TALKS = frozenset({"sequences.route_inboundmessage", "sequences.pause_enrollment"})
_CLOSE = frozenset({"compliance.close_incident"})

# Whoever sees what a person did or what a company is writes it down; what follows from it others decide.
_EVIDENCE = frozenset({"handoff.add_signal", "handoff.add_finding"})
_TASKS = frozenset({"handoff.close_task"})
_BRIEFINGS = frozenset({"handoff.book_lead", "handoff.close_briefing"})
_ANSWERS = frozenset({"handoff.accept_lead", "handoff.answer_handoff", "handoff.reject_lead"})

_START = frozenset({"compliance.start_halt"})
# Whether a database is the one that sends is for those who answer for the whole, not for one who wants mail out.
_ARM = frozenset({"compliance.arm_installation", "compliance.disarm_installation", "compliance.change_journalhost"})
# Who records a person's own opt-in and asks, and who confirms; nobody confirms what they asked for (LAW SUP-05).
# Those who know with which tools we wrote before, and those who answer for it (LAW SUP-12).
_DECLARE = frozenset({"compliance.declare_opt_outs"})
_ASK_LIFT = _views("compliance", "optin", "liftrequest", "lift") | {"compliance.record_optin", "compliance.ask_lift"}
_CONFIRM_LIFT = _views("compliance", "optin", "liftrequest", "lift") | {"compliance.confirm_lift"}

ROLES: Mapping[str, frozenset[str]] = {
    "content": _STOP
    | _WORDING
    | _PEOPLE
    | _views("compliance", "playbookversion")
    | _LADDER
    | _EVIDENCE
    | _edits("template", "templateversion")
    | {"sequences.submit_templateversion"},
    "cmo": _EVERYTHING
    | _START
    | _TASKS
    | {
        "compliance.sign_playbook_cmo",
        "compliance.reject_playbookversion",
        "sequences.approve_messaging",
        "sequences.reject_templateversion",
    },
    "cro": _EVERYTHING
    | _START
    | _CLOSE
    | _TALKS
    | _ASK_LIFT
    | _CONFIRM_LIFT
    | _EVIDENCE
    | _TASKS
    | _BRIEFINGS
    | _ANSWERS
    | {
        "compliance.sign_playbook_cro",
        "compliance.reject_playbookversion",
        "handoff.confirm_lead",
        "handoff.assess_lead",
        "handoff.propose_lead",
        "handoff.close_lead",
        "handoff.recycle_lead",
        "handoff.disqualify_lead",
        "handoff.reopen_lead",
        "sequences.merge_account",
        "sequences.merge_contact",
        "sequences.approve_narrative",
        "sequences.reject_templateversion",
        "sequences.approve_sequenceversion",
        "sequences.reject_sequenceversion",
        "sequences.sign_recipientlist",
        "sequences.reject_recipientlist",
        "sequences.withdraw_recipientlist",
    },
    "sales_ops": _EVERYTHING
    | _START
    | _TALKS
    | _DECLARE
    | _ASK_LIFT
    | _edits("sequence", "sequenceversion", "step", "recipientlist")
    | _EVIDENCE
    | _TASKS
    | {
        "handoff.qualify_lead",
        "handoff.disqualify_lead",
        "handoff.archive_lead",
        "handoff.reopen_lead",
        "handoff.load_proposal",
        "handoff.add_owner",
        "handoff.change_owner",
        "sequences.add_account",
        "sequences.change_account",
        "sequences.add_contact",
        "sequences.change_contact",
        "sequences.import_contact",
        "sequences.merge_account",
        "sequences.merge_contact",
        "sequences.load_templateversion",
        "sequences.submit_sequenceversion",
        "sequences.submit_recipientlist",
        "sequences.withdraw_recipientlist",
        "sequences.remove_enrollment",
        "sequences.add_mailbox",
        "sequences.change_mailbox",
        "sequences.start_mailbox",
        "compliance.change_sendingdomain",
        "sequences.resolve_outboundmessage",
        "sequences.resend_outboundmessage",
        "compliance.add_playbookversion",
        "compliance.reject_playbookversion",
        "compliance.record_stop",
        "compliance.change_heartbeat",
    },
    # Who is told "stop" on the telephone records it; an objection may come by any way (GDPR art. 21).
    "rep": _STOP
    | _INCIDENT
    | _PEOPLE
    | _views("sequences", "enrollment", "outboundmessage", "inboundmessage")
    | _views("compliance", "suppression", "decision")
    | _TALKS
    | _LADDER
    | _EVIDENCE
    | _TASKS
    | _BRIEFINGS
    | _ANSWERS
    | {"handoff.disqualify_lead", "compliance.record_stop"},
    "legal": _EVERYTHING
    | _START
    | _CLOSE
    | _ARM
    | _DECLARE
    | {"compliance.review_incident"}
    | _ASK_LIFT
    | _CONFIRM_LIFT
    | {"compliance.record_stop", "compliance.change_heartbeat", "sequences.withdraw_recipientlist"}
    | {"sequences.erase_contact"},
    "chief_of_staff": _EVERYTHING
    | _START
    | _ARM
    | _DECLARE
    | _CLOSE
    | _CONFIRM_LIFT
    | _TASKS
    | _views("auth", "user", "group"),
    # Programs sign in with keys, not with sessions; until there is an interface for them they may do nothing.
    "integration": frozenset(),
}

LABELS: Mapping[str, object] = {
    "content": _("Content"),
    "cmo": _("CMO"),
    "cro": _("CRO"),
    "sales_ops": _("Sales ops"),
    "rep": _("Sales representative"),
    "legal": _("Legal"),
    "chief_of_staff": _("Chief of staff"),
    "integration": _("Integration"),
}


def sync_roles() -> dict[str, Group]:
    """Make the groups and give each exactly the permissions of its role; running twice changes nothing.

    Raises UnknownPermission, with every name, before anything is changed.
    """
    known = _permissions(sorted(frozenset[str]().union(*ROLES.values())))
    groups = {}
    with transaction.atomic():
        for name, wanted in ROLES.items():
            groups[name], _made = Group.objects.get_or_create(name=name)
            groups[name].permissions.set([known[permission] for permission in wanted])
    return groups


def roles_of(names: Sequence[str]) -> list[str]:
    """Roles among group names, in the order of the house, as people read them."""
    return [str(LABELS[role]) for role in ROLES if role in names]


def _permissions(wanted: Sequence[str]) -> dict[str, Permission]:
    split = [name.partition(".") for name in wanted]
    chosen = Q(codename__in={codename for _app, _dot, codename in split})
    rows = Permission.objects.filter(chosen).select_related("content_type")
    found = {f"{row.content_type.app_label}.{row.codename}": row for row in rows}
    if missing := [name for name in wanted if name not in found]:
        raise UnknownPermission(", ".join(missing))
    return found
