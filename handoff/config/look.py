"""How the admin looks: its menu, its colours, its title. Who may not look at the rows does not see the entry."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def _page(title: Any, icon: str, model: str) -> dict[str, Any]:
    """An entry of the menu; who may not look at the rows does not see it."""
    app, _dot, name = model.partition(".")
    link = reverse_lazy(f"admin:{app}_{name}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": lambda by: by.user.has_perm(f"{app}.view_{name}")}


_MENU: list[tuple[Any, list[dict[str, Any]]]] = [
    (
        _("The ladder"),
        [
            _page(_("Leads"), "stairs", "handoff.lead"),
            _page(_("Handoffs"), "swap_horiz", "handoff.handoff"),
            _page(_("Tasks"), "task_alt", "handoff.task"),
            _page(_("Proposals"), "playlist_add", "handoff.proposal"),
            _page(_("Briefings"), "event", "handoff.briefing"),
            _page(_("Signals"), "sensors", "handoff.signal"),
            _page(_("Findings"), "fact_check", "handoff.finding"),
            _page(_("Working times"), "schedule", "handoff.owner"),
        ],
    ),
    (
        _("Wording"),
        [
            _page(_("Templates"), "description", "sequences.template"),
            _page(_("Versions"), "history_edu", "sequences.templateversion"),
            _page(_("Sequences"), "linear_scale", "sequences.sequence"),
            _page(_("Sequence versions"), "account_tree", "sequences.sequenceversion"),
        ],
    ),
    (
        _("People"),
        [
            _page(_("Recipient lists"), "checklist", "sequences.recipientlist"),
            _page(_("Contacts"), "person", "sequences.contact"),
            _page(_("Accounts"), "domain", "sequences.account"),
            _page(_("Files loaded"), "upload_file", "sequences.importrun"),
        ],
    ),
    (
        _("Sending"),
        [
            _page(_("Enrollments"), "route", "sequences.enrollment"),
            _page(_("Messages"), "outgoing_mail", "sequences.outboundmessage"),
            _page(_("Incoming mail"), "inbox", "sequences.inboundmessage"),
            _page(_("Mailboxes"), "mail", "sequences.mailbox"),
            _page(_("Sending domains"), "dns", "compliance.sendingdomain"),
            _page(_("Halts"), "front_hand", "compliance.halt"),
        ],
    ),
    (
        _("The ledger"),
        [
            _page(_("Incidents"), "report", "compliance.incident"),
            _page(_("Stops"), "block", "compliance.suppression"),
            _page(_("Requests to lift"), "lock_open", "compliance.liftrequest"),
            _page(_("Opt-ins"), "how_to_reg", "compliance.optin"),
            _page(_("Clearances"), "rule", "compliance.decision"),
            _page(_("Audit log"), "receipt_long", "compliance.auditentry"),
            _page(_("Playbook"), "menu_book", "compliance.playbookversion"),
            _page(_("Signs of life"), "monitor_heart", "compliance.heartbeat"),
            _page(_("This installation"), "verified_user", "compliance.installation"),
            _page(_("Earlier opt-outs"), "history_toggle_off", "compliance.earlieroptouts"),
        ],
    ),
    (_("Staff"), [_page(_("Users"), "badge", "auth.user"), _page(_("Roles"), "groups", "auth.group")]),
]
_SHADES = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")
# 600 carries white text, and is text on white; 500 is text on the dark page: each with a contrast above 4.5.
_BLUE = "#f0f9ff #e0f2fe #bae6fd #7dd3fc #38bdf8 #38a5e0 #0369a1 #075985 #0c4a6e #082f49 #051e30"
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Handoff",
    "SITE_HEADER": "Handoff",
    "SITE_SUBHEADER": _("Who may be written to, and why"),
    "SITE_SYMBOL": "conversion_path",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "handoff.dashboard.installation_badge",
    "DASHBOARD_CALLBACK": "handoff.dashboard.first_page",
    "STYLES": [lambda request: static("handoff/admin.css")],
    "SCRIPTS": [lambda request: static("handoff/dialogs.js"), lambda request: static("handoff/keys.js")],
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("handoff/icon.svg")}],
    "ACCOUNT": {"navigation": [{"title": _("Authenticator app"), "link": reverse_lazy("mfa_index")}]},
    "COLORS": {"primary": dict(zip(_SHADES, _BLUE.split(), strict=True))},
    "SIDEBAR": {
        "navigation": [
            {"items": [{"title": _("Today"), "icon": "home", "link": reverse_lazy("admin:index")}]},
            *({"title": title, "items": items} for title, items in _MENU),
        ]
    },
}
