"""Decides each working day whom the ladder proposes for which sequence; a person loads them onto a list (spec I5).

Nothing enrols itself: a proposal is a row that sales ops may load, and the CRO signs the list as any other.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from compliance import audit, calendar, playbook, stopped
from compliance.principals import Principal, System
from compliance.refusals import Refusal, Refused
from handoff import clocks, gates, grounds
from handoff.eligibility import FITS
from handoff.gates import Facts
from handoff.models import Handoff, Lead, Proposal, ProposalDay, Stage
from sequences import lists
from sequences.models import Enrollment, RecipientList, SequenceType, SequenceVersion

LOAD = "handoff.load_proposal"
_MOST = 2000
_COOL_DOWN_DAYS = 60
Because = Proposal.Because


def propose_round(at: datetime) -> dict[str, int]:
    """Once each working day of sales ops: propose whom the ladder has, drop whom it no longer has."""
    hours = clocks.hours_of(clocks.first_of("sales_ops"))
    today = calendar.utc(at).astimezone(hours.zone).date()
    if not calendar.is_working_day(today, hours):
        return {"proposed": 0, "dropped": 0}
    _day, first = ProposalDay.objects.get_or_create(day=today, defaults={"at": at})
    return _propose(at) if first else {"proposed": 0, "dropped": 0}


def _propose(at: datetime) -> dict[str, int]:
    wanted = {
        **_wanted(SequenceType.NURTURE, at),
        # Whoever is stale is brought back first, nurtured or not.
        **_wanted(SequenceType.RE_ENGAGEMENT, at),
        **_wanted(SequenceType.ACTIVATION, at),
    }
    known = {row.lead_id: row for row in Proposal.objects.filter(ended_at__isnull=True)}
    gone = [row.pk for lead, row in known.items() if wanted.get(lead, ("", ""))[0] != row.sequence_type]
    dropped = Proposal.objects.filter(pk__in=gone, ended_at__isnull=True).update(ended_at=at)
    stays = {row.lead_id for row in known.values() if row.pk not in set(gone)}
    new = [
        Proposal(lead_id=lead, sequence_type=type_, because=because, proposed_at=at)
        for lead, (type_, because) in wanted.items()
        if lead not in stays
    ]
    Proposal.objects.bulk_create(new, ignore_conflicts=True)
    return {"proposed": len(new), "dropped": dropped}


def load(
    proposals: Sequence[Proposal], version: SequenceVersion, name: str, *, by: Principal, at: datetime
) -> RecipientList:
    """Put proposed people onto a new list for one sequence version, as its author. Raises Refused."""
    if refusals := against_loading(proposals, version, name, by):
        raise Refused(refusals)
    with transaction.atomic():
        row = RecipientList.objects.create(name=name.strip(), sequence_version=version, author_id=by.pk, created_at=at)  # type: ignore[union-attr]
        audit.record("sequences.recipientlist.created", audit.reference(row), by=by, at=at, proposals=len(proposals))
        mine = Proposal.objects.filter(pk__in=[one.pk for one in proposals], ended_at__isnull=True)
        contacts = [one.lead.contact for one in mine.select_related("lead__contact").order_by("pk")]
        mine.update(ended_at=at, recipient_list=row)
        lists.add(row, [(contact, contact.source, contact.basis) for contact in contacts], by=by, at=at)
    return row


def against_loading(proposals: Sequence[Proposal], version: SequenceVersion, name: str, by: Principal) -> list[Refusal]:
    """Everything that stands against making a list of these."""
    found = []
    if isinstance(by, System) or not (by.is_active and by.has_perm(LOAD)):
        found.append(Refusal("not_permitted", _("Your roles do not include this.")))
    if not proposals:
        found.append(Refusal("nobody_proposed", _("Nobody is proposed for this.")))
    if any(one.sequence_type != version.sequence.type for one in proposals):
        found.append(Refusal("wrong_type", _("They are proposed for another type of sequence."), version.sequence.slug))
    if version.state != SequenceVersion.State.APPROVED:
        found.append(Refusal("not_approved", _("This sequence has not been signed."), version.sequence.slug))
    if not name.strip():
        found.append(Refusal("no_name", _("The list needs a name."), "name"))
    elif RecipientList.objects.filter(name=name.strip()).exists():
        found.append(Refusal("name_taken", _("There is a list of this name already."), "name"))
    return found


def _wanted(type_: SequenceType, at: datetime) -> Mapping[int, tuple[str, str]]:
    """{lead: (type, because)} of those who may be put into such a sequence now."""
    leads = _free(type_, at)
    known = grounds.of_all(leads)
    stops = stopped.stopped_cards([lead.contact.card_id for lead in leads])
    rested = _rested(leads, at)
    found = {}
    for lead in leads:
        because = _because(type_, lead, known[lead.pk], rested, at)
        if because and lead.contact.card_id not in stops:
            found[lead.pk] = (str(type_), str(because))
    return found


def _because(type_: SequenceType, lead: Lead, facts: Facts, rested: Collection[int], at: datetime) -> Because | None:
    if type_ == SequenceType.ACTIVATION:
        return Because.NO_BRIEFING
    if type_ == SequenceType.RE_ENGAGEMENT:
        if lead.pk in rested:
            return Because.RESTED
        return Because.STALE if gates.is_stale(facts, at) else None
    there = facts.valid(facts.indicators, at)
    return Because.FEW_INDICATORS if len(there) < facts.limits.indicators else None


def _free(type_: SequenceType, at: datetime) -> list[Lead]:
    """Leads of the stage that fits: in no sequence, offered to nobody, back from their rest, not through it already."""
    through = Enrollment.objects.filter(
        contact=OuterRef("contact"), version__sequence__type=type_, entered_at__gt=OuterRef("stage_since")
    )
    rows = Lead.objects.filter(stage=FITS[type_], contact__merged_into__isnull=True, contact__erased_at__isnull=True)
    rows = rows.exclude(return_on__gt=at.date())
    rows = rows.exclude(Exists(through)).exclude(Exists(_active())).exclude(Exists(_offered()))
    return list(rows.select_related("contact").order_by("pk")[:_MOST])


def _active() -> QuerySet[Enrollment]:
    return Enrollment.objects.filter(contact=OuterRef("contact"), state=Enrollment.State.ACTIVE)


def _offered() -> QuerySet[Handoff]:
    return Handoff.objects.filter(lead=OuterRef("pk"), state=Handoff.State.OPEN)


def _rested(leads: Sequence[Lead], at: datetime) -> set[int]:
    """Whose nurture ended without an answer so long ago that they may be tried once more (SOP 5.6)."""
    stated = playbook.section("sequences").get(SequenceType.NURTURE, {})
    until = at - timedelta(days=int(stated.get("cool_down_days", _COOL_DOWN_DAYS)))
    rows = Enrollment.objects.filter(
        contact__in=[lead.contact_id for lead in leads if lead.stage == Stage.MQL],
        version__sequence__type=SequenceType.NURTURE,
        state=Enrollment.State.FINISHED,
        ended_at__lte=until,
    )
    return set(rows.values_list("contact__lead", flat=True))
