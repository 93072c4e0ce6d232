"""Leads as a list and as a page: where each stands, what it lacks, whose turn it is, and how it came there."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from compliance import clock
from compliance.admin_acts import ActsAdmin
from compliance.admin_pages import NOTHING, Panel, Record, Rows, badge, link, name_of
from compliance.playbook import NoPlaybook, section
from handoff import criteria, grounds, lead_acts, reasons, tiers, waits
from handoff.admin import standing
from handoff.admin.actors import ByActor
from handoff.admin.evidence import WithEvidence
from handoff.admin.handoffs import TIER_TONES
from handoff.gates import Facts
from handoff.models import OPEN, Handoff, Lead, Proposal, Signal, Stage, StageMove, Task, Tier

_BRIEFING_TONES: Mapping[str, str] = {"booked": "info", "held": "good", "no_show": "bad", "cancelled": "plain"}


class LeadRows(Rows):
    """A list whose facts, offers and tasks are read with a handful of queries for the whole page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: list[Any] = list(self.result_list)
        at, keys = clock.now(), [row.pk for row in self.result_list]
        open_on = waits.open_on(keys, at)
        try:
            facts, stated = grounds.of_all(self.result_list), section("tiers")
        except NoPlaybook:
            facts, stated = {}, {}
        for row in self.result_list:
            known = facts.get(row.pk)
            row.waits = open_on.get(row.pk, [])
            row.tier = _tier(row, known, at, stated) if known else ""
            row.stale = bool(known and standing.is_stale(row, known, at))


class Waiting(admin.SimpleListFilter):
    """What is open on a lead, or wrong with it."""

    title = _("what waits")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("offer", _("an offer is open")),
            ("task", _("a task is open")),
            ("overdue", _("something is overdue")),
            ("stale", _("nothing heard for long")),
            ("nobody", _("belongs to nobody")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        at = clock.now()
        offers = Handoff.objects.filter(lead=OuterRef("pk"), state=Handoff.State.OPEN)
        tasks = Task.objects.filter(lead=OuterRef("pk"), state=Task.State.OPEN)
        late = Q(Exists(offers.filter(due_at__lte=at))) | Q(Exists(tasks.filter(due_at__lte=at)))
        on_the_way = [stage for stage in OPEN if stage != Stage.PROSPECT]
        chosen = {
            "offer": Q(Exists(offers)),
            "task": Q(Exists(tasks)),
            "overdue": late,
            "stale": Q(stage__in=on_the_way) & ~Q(Exists(_heard_lately(at))),
            "nobody": Q(stage__in=on_the_way, owner__isnull=True),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


class LastTier(admin.SimpleListFilter):
    """How hot it was when it was offered last."""

    title = _("tier of the last offer")
    parameter_name = "tier"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(tier.value, tier.label) for tier in Tier]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        if not self.value():
            return queryset
        last = Handoff.objects.filter(lead=OuterRef("pk")).order_by("-pk").values("tier")[:1]
        return queryset.annotate(last_tier=Subquery(last)).filter(last_tier=self.value())


def _tier(lead: Lead, facts: Facts, at: datetime, stated: Mapping[str, Any]) -> str:
    """How hot a lead is, while somebody may still act on it and something was heard of them."""
    return tiers.tier_of(facts, at, stated) if lead.stage in OPEN and facts.counting(at) else ""


def _heard_lately(at: datetime) -> QuerySet[Signal]:
    try:
        days = criteria.limits().stale_days
    except NoPlaybook:
        days = criteria.Limits.stale_days
    theirs = Q(contact=OuterRef("contact")) | Q(contact__merged_into=OuterRef("contact"))
    return Signal.objects.filter(theirs, discounted="", happened_at__gte=at - timedelta(days=days))


@admin.register(Lead)
class LeadAdmin(WithEvidence, Record, ActsAdmin):
    """People on the ladder."""

    personal = True
    acts = lead_acts.ACTS
    means = {
        "qualify": _("Five gates pass and a signal is there: the CRO is asked whether it is an SQL."),
        "accept": _("It is yours from now on, and no sequence writes to this person while you work on it."),
        "confirm": _("It is an SQL: a briefing is to be booked."),
        "book": _("The briefing is written down. Say afterwards on its page what became of it."),
        "qualify_assessment": _("The briefing was held, and the three questions that decide are answered."),
        "propose": _("A written proposal is out."),
        "win": _("It is signed."),
        "lose": _("It is over. New evidence may reopen it."),
        "reject": _("It goes back to MQL, to nobody, with your reason."),
        "recycle": _("It goes back to MQL, to nobody, and comes up again on its day."),
        "disqualify": _("Nobody works on it any more. New evidence may reopen it."),
        "archive": _("It is kept and not worked. A new signal of theirs brings it back."),
    }
    list_display = (
        "name_shown",
        "company_shown",
        "stage_shown",
        "tier_shown",
        "owner_shown",
        "since_shown",
        "open_now",
    )
    list_filter = ("stage", Waiting, LastTier, ("owner", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("contact__account", "owner")
    search_fields = ("contact__first_name", "contact__last_name", "contact__address", "contact__account__name")
    search_help_text = _("Name, address or company")
    ordering = ("-stage_since", "-pk")
    fields = (
        ("contact_shown", "company_shown"),
        ("title_shown", "country_shown"),
        ("source_shown", "basis_shown"),
        "created_at",
    )
    readonly_fields = (
        *("contact_shown", "company_shown", "title_shown", "country_shown", "source_shown", "basis_shown"),
        *("owner_shown", "created_at"),
    )
    help_when_empty = _("Everybody you load or add as a contact comes here as a prospect within a minute.")

    def get_changelist(self, request: HttpRequest, **rest: Any) -> type[LeadRows]:
        return LeadRows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        rows: QuerySet[Lead] = super().get_queryset(request)
        return rows.select_related("contact__account", "owner")

    def state_shown(self, row: Any) -> str:
        """Django's field is called stage here."""
        return self.stage_shown(row)

    def panels(self, request: HttpRequest, row: Lead, at: datetime) -> list[Panel]:
        facts = grounds.of(row)
        open_now = waits.open_on([row.pk], at).get(row.pk, [])
        tier = _tier(row, facts, at, section("tiers"))
        where = {
            "row": row,
            "since": standing.lasted(int((at - row.stage_since).total_seconds()), at),
            "tier": badge(tier, TIER_TONES[tier]) if tier else "",
            "stale": standing.is_stale(row, facts, at),
            "stale_days": facts.limits.stale_days,
            "reason": reasons.say(row.reason) if row.reason else "",
            "next": standing.next_step(row, at),
            "waits": open_now,
            "proposal": Proposal.objects.filter(lead=row, ended_at__isnull=True).first(),
        }
        briefings = [(one, _BRIEFING_TONES[one.state]) for one in row.briefings.order_by("-starts_at")]
        return [
            *super().panels(request, row, at),
            Panel(_("Where it stands"), "handoff/desk/standing.html", where, first=True),
            self.judged_panel(request, row, standing.groups(facts, at)),
            self.heard_panel(request, row, standing.signals(facts, at)),
            *([Panel(_("Briefings"), "handoff/desk/briefings.html", {"briefings": briefings})] if briefings else []),
            Panel(_("Stage history"), "handoff/desk/moves.html", {"moves": standing.moves(row)}),
        ]

    @admin.display(description=_("name"), ordering="contact__last_name")
    def name_shown(self, row: Lead) -> str:
        contact = row.contact
        return f"{contact.first_name} {contact.last_name}".strip() or contact.address or str(contact)

    @admin.display(description=_("person"))
    def contact_shown(self, row: Lead) -> Any:
        return link(row.contact)

    @admin.display(description=_("company"), ordering="contact__account__name")
    def company_shown(self, row: Lead) -> Any:
        return link(row.contact.account)

    @admin.display(description=_("job title"))
    def title_shown(self, row: Lead) -> str:
        return row.contact.title or NOTHING

    @admin.display(description=_("country"))
    def country_shown(self, row: Lead) -> str:
        return row.contact.country or NOTHING

    @admin.display(description=_("source"))
    def source_shown(self, row: Lead) -> str:
        return row.contact.source or NOTHING

    @admin.display(description=_("legal basis"))
    def basis_shown(self, row: Lead) -> str:
        return row.contact.basis.replace("_", " ") or NOTHING

    @admin.display(description=_("stage"), ordering="stage")
    def stage_shown(self, row: Lead) -> str:
        shown = badge(row.get_stage_display(), standing.tone(row.stage))
        stale = badge(_("stale"), "wait") if getattr(row, "stale", False) else ""
        return format_html("{} {}", shown, stale) if stale else shown

    @admin.display(description=_("tier"))
    def tier_shown(self, row: Any) -> str:
        return badge(row.tier, TIER_TONES[row.tier]) if row.tier else NOTHING

    @admin.display(description=_("owner"), ordering="owner__last_name")
    def owner_shown(self, row: Lead) -> str:
        return name_of(row.owner) if row.owner else NOTHING

    @admin.display(description=_("since"), ordering="stage_since")
    def since_shown(self, row: Lead) -> str:
        return date_format(timezone.localtime(row.stage_since), "DATE_FORMAT")

    @admin.display(description=_("whose turn"))
    def open_now(self, row: Any) -> str:
        told = ((one.whose, one.what, one.clock) for one in row.waits[:2])
        return format_html_join("", '<div class="ho-turn">{}: {} {}</div>', told) or NOTHING


@admin.register(StageMove)
class StageMoveAdmin(ByActor, Record):
    """Arrows that were taken, and on what grounds."""

    personal = True
    list_display = ("at", "lead", "was", "became", "by_shown", "reason_shown")
    list_display_links = ("at", "lead")
    list_filter = ("became",)
    list_select_related = ("lead__contact__account",)
    search_fields = ("lead__contact__last_name", "lead__contact__address", "lead__contact__account__name")
    search_help_text = _("Name, address or company")
    ordering = ("-at", "-pk")
    fields = ("lead_shown", "was", "became", "at", "playbook")
    readonly_fields = ("lead_shown",)
    help_when_empty = _("Nobody has climbed yet.")

    def panels(self, request: HttpRequest, row: StageMove, at: datetime) -> list[Panel]:
        told = {"moves": [standing.move(row)], "alone": True}
        return [Panel(_("On what grounds"), "handoff/desk/moves.html", told, first=True)]

    @admin.display(description=_("lead"))
    def lead_shown(self, row: StageMove) -> Any:
        return link(row.lead)

    @admin.display(description=_("because"), ordering="reason")
    def reason_shown(self, row: StageMove) -> str:
        return reasons.say(row.reason) if row.reason else NOTHING
