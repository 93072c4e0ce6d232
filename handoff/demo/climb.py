"""The desk's part of the story: signals arrive, leads are classified, offered, confirmed, won and recycled."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance.acts import Act, Consent, perform
from compliance.refusals import Refused
from handoff import booking, criteria, handover, judging, lead_acts, proposing, todo
from handoff.demo import writing
from handoff.judging import Heard, Judgement
from handoff.models import Briefing, Handoff, Lead, Owner, Proposal, Stage, Task
from sequences.models import Contact, RecipientList, SequenceType, SequenceVersion

_LEAD_ACTS: Mapping[str, Act] = {act.arrow: act for act in lead_acts.ACTS}
_HANDOFF_ACTS: Mapping[str, Act] = {act.arrow: act for act in handover.ACTS}
_BRIEFING_ACTS: Mapping[str, Act] = {act.arrow: act for act in booking.ACTS}
# What a person did, by where their address came from.
_SIGNALS = {
    "newsletter": ("E2", "confirmed the newsletter"),
    "spring event": ("E6", "took part in the round table"),
    "webinar": ("E6", "took part in the webinar"),
    "partner page": ("E1", "shared a post of ours"),
    "referral": ("E7", "was introduced by a client"),
}
_OUT_OF_REGION = frozenset({"DK"})
_FITS_BEST = frozenset({"nordhaven.example", "fjordlys.example", "sandpiper-health.example"})
CONFIRMED_DIRECTLY = "noah.prescott@sandpiper-health.example"
ACTIVATION_LIST = "SQLs without a briefing"


@dataclass(frozen=True)
class Desk:
    """The people of the desk, and a way to say what they do."""

    staff: writing.Staff
    say: writing.Say

    def working_times(self) -> None:
        """The CRO writes early and late; everybody else keeps office hours."""
        week = ["mon", "tue", "wed", "thu", "fri"]
        windows = [
            {"days": week, "opens": "08:30", "closes": "12:00"},
            {"days": week, "opens": "14:00", "closes": "20:30"},
        ]
        Owner.objects.create(user=self.staff["cro"], zone="Europe/London", country="GB", windows=windows)

    def evidence_comes_in(self, contacts: Iterable[Contact], at: datetime) -> None:
        """Sales ops judges the gates of each company, content notes what each person did."""
        judged = heard = 0
        companies = set[int]()
        for contact in contacts:
            kind, what = _SIGNALS.get(contact.source, ("E1", "commented on a post of ours"))
            said = Heard(
                kind, at - timedelta(days=3), source="signal notes", reference=f"{contact.pk}/{kind}", note=what
            )
            heard += judging.hear(contact, said, by=self.staff["content"], at=at) is not None
            if contact.account_id and contact.account_id not in companies:
                companies.add(contact.account_id)
                judged += self._judge(contact, at)
        self.say(f"{heard} signals are noted, {judged} findings about {len(companies)} companies are written down")

    def _judge(self, contact: Contact, at: datetime) -> int:
        domain = contact.account.domain if contact.account else ""
        for gate in criteria.GATES:
            holds = not (gate == "G4" and contact.country in _OUT_OF_REGION)
            said = Judgement(gate, holds=holds, evidence=f"{domain}, read on {at:%d %B}")
            judging.judge(contact, said, by=self.staff["sales_ops"], at=at)
        tier = Judgement(
            criteria.ICP, holds=True, value="1" if domain in _FITS_BEST else "2", evidence=f"{domain}, pages"
        )
        judging.judge(contact, tier, by=self.staff["sales_ops"], at=at)
        return len(criteria.GATES) + 1

    def classified(self) -> None:
        """What the system made of it by itself."""
        mqls, prospects = (Lead.objects.filter(stage=stage).count() for stage in (Stage.MQL, Stage.PROSPECT))
        self.say(f"{mqls} leads are MQL now, as the system judged by itself; prospects still: {prospects}")

    def decides(self, at: datetime) -> None:
        """What the CRO makes of the new MQLs: too few indicators as yet (SOP 4.3)."""
        (finish, _drop) = todo.ACTS
        rows = list(Task.objects.filter(kind=Task.Kind.DECIDE_SQL, state=Task.State.OPEN))
        for row in rows:
            consent = Consent("Fewer than three indicators so far: stays MQL, goes on being nurtured.")
            perform(row, finish, by=self.staff["cro"], at=at, consent=consent)
        self.say(f"the CRO looks at {len(rows)} new MQLs within two days: too few indicators as yet, they are nurtured")

    def accepts(self, address: str, at: datetime) -> None:
        """The CRO takes on whoever was offered after a positive answer."""
        row = Handoff.objects.select_related("lead", "to").get(lead__contact__address=address, state=Handoff.State.OPEN)
        late = self._refused(lambda: self._take(row.lead, "confirm", at, comment="Sounds ready."))
        self.say(f"tier {row.tier}: the CRO is told at once, and confirms no SQL yet: {late}")
        perform(row, _HANDOFF_ACTS["accept"], by=self.staff["cro"], at=at, consent=Consent("I call today."))
        self.say("the CRO accepts in time: the lead is theirs, and every sequence of that person waits")

    def confirms(self, address: str, at: datetime) -> None:
        """Three indicators are found, and the CRO confirms."""
        lead = self._lead(address)
        for key, evidence in (("S1", "said on the call"), ("S2", "their announcement"), ("S5", "answers at once")):
            judging.judge(lead.contact, Judgement(key, holds=True, evidence=evidence), by=self.staff["cro"], at=at)
        self._take(self._lead(address), "confirm", at, comment="Three of five, and budget season.")
        self.say("three indicators are there with evidence: the CRO confirms an SQL")

    def books(self, address: str, at: datetime) -> None:
        """The briefing gets a date."""
        self._take(self._lead(address), "book", at, starts_at=(at + timedelta(days=5)).isoformat())
        self.say("a briefing is booked")

    def holds_briefing(self, address: str, at: datetime) -> None:
        """It is held, and need, money and a decision-maker are confirmed."""
        row = Briefing.objects.get(lead__contact__address=address, state=Briefing.State.BOOKED)
        perform(row, _BRIEFING_ACTS["hold"], by=self.staff["cro"], at=at, consent=Consent())
        told = {"need": "one forecast", "money": "the plan of next year", "decision_maker": "their COO"}
        self._take(self._lead(address), "qualify_assessment", at, **told)
        self.say("the briefing is held; need, money and who decides are written down")

    def proposes(self, address: str, at: datetime) -> None:
        """The proposal goes out."""
        self._take(self._lead(address), "propose", at, proposed_on=f"{at:%Y-%m-%d}")

    def wins(self, address: str, at: datetime) -> None:
        """They sign."""
        self._take(self._lead(address), "win", at, signed_on=f"{at:%Y-%m-%d}")
        self.say("the proposal is signed: won")

    def recycles(self, address: str, at: datetime) -> None:
        """Not now: it comes back on a date."""
        self._take(
            self._lead(address), "recycle", at, reason="timing", return_on=f"{at + timedelta(days=120):%Y-%m-%d}"
        )
        self.say("one lead is recycled: the time is not right, and the day on which it comes back is kept")

    def loads_proposals(self, version: SequenceVersion, at: datetime) -> RecipientList:
        """Sales ops makes a list of whom the ladder proposes for activation."""
        proposing.propose_round(at)
        rows = list(Proposal.objects.filter(sequence_type=SequenceType.ACTIVATION, ended_at__isnull=True))
        made = proposing.load(rows, version, ACTIVATION_LIST, by=self.staff["sales_ops"], at=at)
        self.say(f"the ladder proposes {len(rows)} SQL without a briefing for activation; sales ops loads them")
        return made

    def _lead(self, address: str) -> Lead:
        return Lead.objects.select_related("contact__account").get(contact__address=address)

    def _take(self, lead: Lead, arrow: str, at: datetime, comment: str = "", **more: str) -> None:
        consent = Consent(comment, more=more)
        perform(lead, _LEAD_ACTS[arrow], by=self.staff["cro"], at=at, consent=consent)

    @staticmethod
    def _refused(act: Callable[[], None]) -> str:
        try:
            act()
        except Refused as refused:
            return str(refused.refusals[-1])
        return ""
