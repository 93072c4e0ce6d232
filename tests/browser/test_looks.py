"""Every page in light and dark, at a desk and on a phone: readable to machines that read aloud, and not too wide."""

from collections.abc import Sequence
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from compliance.admin_pages import page_of
from compliance.audit import reference
from compliance.models import (
    AuditEntry,
    Decision,
    Halt,
    Heartbeat,
    JournalHost,
    PlaybookVersion,
    SendingDomain,
    Suppression,
)
from handoff.models import Briefing, Finding, Handoff, Lead, Owner, Proposal, Signal, Stage, StageMove, Task
from sequences.admin.explain import url_of
from sequences.models import (
    Account,
    Contact,
    Enrollment,
    ImportRun,
    InboundMessage,
    ListRow,
    Mailbox,
    OutboundMessage,
    RecipientList,
    SequenceVersion,
    Template,
    TemplateVersion,
)
from sequences.models import (
    Sequence as SequenceRow,
)
from tests.browser.conftest import Desk, Scheme, SitDown
from tests.desk import act_url, page
from tests.handoff.installation import at_work

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LADDER: Sequence[Any] = (Briefing, Finding, Handoff, Lead, Owner, Proposal, Signal, StageMove, Task)
LISTS: Sequence[Any] = (
    *LADDER,
    *(Account, AuditEntry, Contact, Decision, Enrollment, Halt, ImportRun, InboundMessage, ListRow, Mailbox),
    *(
        Heartbeat,
        JournalHost,
        OutboundMessage,
        PlaybookVersion,
        RecipientList,
        SendingDomain,
        SequenceVersion,
        Suppression,
        Template,
        TemplateVersion,
    ),
)
FORMS: Sequence[Any] = (
    *(Contact, Mailbox, Owner, PlaybookVersion, RecipientList, SequenceVersion, Suppression, TemplateVersion),
)
SERIOUS = {"serious", "critical"}


def pages() -> list[str]:
    """The first page, every list, a row of each kind, rows in every state that looks different, forms, an act."""
    rows = [model.objects.order_by("pk")[0] for model in (*LISTS, SequenceRow)]
    rows += [*TemplateVersion.objects.all(), *SequenceVersion.objects.all(), *RecipientList.objects.all()]
    rows += PlaybookVersion.objects.all()
    shown = dict.fromkeys(page_of(reference(row)) for row in rows)
    text = TemplateVersion.objects.get(state=TemplateVersion.State.SUBMITTED)
    return [
        "/admin/",
        *(page(model, "changelist") for model in LISTS),
        *shown,
        *(page(model, "add") for model in FORMS),
        act_url(text, "approve_messaging"),
        act_url(text, "load"),
        f"{page(Contact, 'changelist')}?q=nobody",
        url_of(Contact.objects.order_by("pk")[0].pk),
        "/admin/sequences/contact/explain/",
        *(page_of(reference(lead)) for lead in {lead.stage: lead for lead in Lead.objects.order_by("pk")}.values()),
        act_url(Lead.objects.filter(stage=Stage.MQL).order_by("pk")[0], "disqualify"),
        *(
            reverse(f"admin:handoff_lead_{what}", args=[Lead.objects.order_by("pk")[0].pk])
            for what in ("judge", "hear")
        ),
    ]


def findings(desk: Desk) -> list[str]:
    """What axe finds serious or critical, with the first place."""
    found = Axe().run(desk.page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found if one["impact"] in SERIOUS]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_no_page_has_a_serious_finding_or_is_too_wide(sit_down: SitDown, scheme: Scheme, size: str) -> None:
    at_work()
    desk = sit_down("root", scheme=scheme, size=size)
    found = {}
    for path in pages():
        desk.visit(path)
        said = [*findings(desk), *(["too wide"] if desk.overflows() else []), *desk.complaints]
        desk.complaints.clear()
        found[path] = said
    assert {path: said for path, said in found.items() if said} == {}


@pytest.mark.parametrize("role", ["content", "cmo", "cro", "sales_ops", "rep", "legal", "chief_of_staff"])
def test_the_first_page_of_each_role_has_no_serious_finding(sit_down: SitDown, role: str) -> None:
    at_work()
    desk = sit_down(role, size="phone")
    desk.visit("/admin/")
    assert findings(desk) + desk.complaints == []
    assert not desk.overflows()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_open_dialog_has_no_serious_finding(sit_down: SitDown, scheme: Scheme) -> None:
    at_work()
    desk = sit_down("cro", scheme=scheme, size="phone")
    row = RecipientList.objects.get(state=RecipientList.State.RUNNING)
    desk.visit(page_of(reference(row)))
    desk.page.get_by_role("button", name="Withdraw").click()
    assert findings(desk) == []


def test_the_way_in_has_no_serious_finding(sit_down: SitDown) -> None:
    desk = sit_down(size="phone")
    desk.visit("/admin/login/")
    assert findings(desk) == []
