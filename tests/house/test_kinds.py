"""Every act and every page that changes or hands out something says what it does, as far as the second factor goes.

A new one fails here until somebody has decided: approving, starting, lifting, exporting and changing senders or keys
ask for the factor; stopping never does (LAW APR-07, APR-08).
"""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver

from compliance.admin_acts import ActsAdmin
from compliance.admin_pages import Page
from compliance.factor import ASKS, Kind
from handoff import lead_acts
from sequences.admin import persons

ACTS: dict[str, dict[str, Kind]] = {
    "compliance.earlieroptouts": {"declare_loaded": Kind.STARTS, "declare_none": Kind.STARTS},
    "compliance.halt": {
        "ask_start": Kind.STARTS,
        "confirm_start": Kind.STARTS,
        "decline_start": Kind.STOPS,
    },
    "compliance.incident": {"record_review": Kind.WRITES, "close": Kind.WRITES},
    "compliance.installation": {"arm": Kind.STARTS, "disarm": Kind.STOPS},
    "compliance.liftrequest": {"confirm": Kind.LIFTS, "decline": Kind.STOPS},
    "compliance.playbookversion": {
        "sign_cmo": Kind.APPROVES,
        "sign_cro": Kind.APPROVES,
        "reject": Kind.STOPS,
    },
    "sequences.inboundmessage": {"route": Kind.WRITES, "correct": Kind.WRITES},
    "sequences.enrollment": {"pause": Kind.STOPS, "resume": Kind.WRITES, "leave": Kind.STOPS},
    "handoff.briefing": dict.fromkeys(("hold", "miss", "cancel", "rebook"), Kind.WRITES),
    "handoff.handoff": dict.fromkeys(("accept", "reject"), Kind.WRITES),
    # Nothing on the ladder sends, starts or signs anything; a stage that goes up by mistake is recycled.
    "handoff.lead": dict.fromkeys((act.arrow for act in lead_acts.ACTS), Kind.WRITES),
    "handoff.task": dict.fromkeys(("finish", "drop"), Kind.WRITES),
    "sequences.mailbox": {"start": Kind.STARTS},
    "sequences.outboundmessage": {"accept": Kind.WRITES, "resend": Kind.STARTS, "cancel": Kind.STOPS},
    "sequences.recipientlist": {
        "submit": Kind.WRITES,
        "sign": Kind.APPROVES,
        "sign_changes": Kind.APPROVES,
        "reject": Kind.STOPS,
        "withdraw": Kind.STOPS,
    },
    "sequences.sequenceversion": {
        "submit": Kind.WRITES,
        "approve": Kind.APPROVES,
        "reject": Kind.STOPS,
        "renew": Kind.APPROVES,
    },
    "sequences.templateversion": {
        "submit": Kind.WRITES,
        "approve_messaging": Kind.APPROVES,
        "approve_narrative": Kind.APPROVES,
        "load": Kind.APPROVES,
        "reject": Kind.STOPS,
        "renew_messaging": Kind.APPROVES,
        "renew_narrative": Kind.APPROVES,
        "renew_loading": Kind.APPROVES,
    },
}
# What is done with a form of the admin that is not an act: by which rows, and by which pages of their own.
FORMS = {
    "auth.user": Kind.KEYS,
    "compliance.lift": Kind.LIFTS,
    "compliance.liftrequest": Kind.LIFTS,
    "compliance.sendingdomain": Kind.KEYS,
    "sequences.mailbox": Kind.KEYS,
}
PAGES = {
    "auth_user_password_change": Kind.KEYS,
    "compliance_halt_place": Kind.STOPS,
    "compliance_halt_stop": Kind.STOPS,
    "compliance_heartbeat_retire": Kind.STARTS,
    "compliance_journalhost_retire": Kind.STARTS,
    "compliance_sendingdomain_check": Kind.WRITES,
    "handoff_lead_hear": Kind.WRITES,
    "handoff_lead_judge": Kind.WRITES,
    "handoff_proposal_load": Kind.WRITES,
    "password_change": Kind.KEYS,
    "sequences_account_merge": Kind.WRITES,
    "sequences_contact_export": Kind.EXPORTS,
    "sequences_contact_person": Kind.WRITES,
    "sequences_outboundmessage_complaint": Kind.WRITES,
    "sequences_recipientlist_import": Kind.WRITES,
    "sequences_recipientlist_import_preview": Kind.WRITES,
    "sequences_recipientlist_import_rows": Kind.EXPORTS,
}
# Pages that change nothing: those of Django and unfold, and one of ours that explains.
_PLAIN = {
    "sequences_contact_explain",
    "sequences_contact_explain_address",
    "app_list",
    "index",
    "login",
    "logout",
    "password_change_done",
    "autocomplete",
    "jsi18n",
    "view_on_site",
    "search",
}
_OF_EVERY_MODEL = {"changelist", "add", "history", "delete", "change", "act"}


def test_every_act_says_what_it_does() -> None:
    found = {
        model._meta.label_lower: {act.arrow: act.kind for act in page.acts}
        for model, page in admin.site._registry.items()
        if isinstance(page, ActsAdmin) and page.acts
    }
    assert found == ACTS


def test_what_is_done_with_a_person_asks_for_nothing_more() -> None:
    assert {act.key: act.kind for act in persons.ACTS} == dict.fromkeys(("same", "apart", "erase"), Kind.WRITES)


def test_forms_that_change_senders_keys_or_stops_say_so() -> None:
    pages = {model._meta.label_lower: page for model, page in admin.site._registry.items() if isinstance(page, Page)}
    assert {label: page.kind for label, page in pages.items() if page.kind is not Kind.WRITES} == FORMS


def test_every_other_page_has_been_thought_about() -> None:
    found = {name for name in _names(admin.site.urls[0]) if not _is_known(name)}
    assert found == set(PAGES)


def test_nothing_that_stops_asks() -> None:
    assert Kind.STOPS not in ASKS
    assert {Kind.APPROVES, Kind.STARTS, Kind.LIFTS, Kind.EXPORTS, Kind.KEYS} == ASKS


def test_nothing_of_allauth_is_served_that_nobody_chose() -> None:
    served = {name for name in _names(get_resolver().url_patterns) if name.startswith(("account_", "mfa_"))}
    assert served == {
        *("account_login", "account_reauthenticate", "mfa_index", "mfa_authenticate", "mfa_reauthenticate"),
        *("mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
    }


def _names(patterns: Any) -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _names(one.url_patterns)
        elif isinstance(one, URLPattern) and one.name:
            yield one.name


def _is_known(name: str) -> bool:
    models = {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    head, _dash, tail = name.rpartition("_")
    return name in _PLAIN or (head in models and tail in _OF_EVERY_MODEL)
