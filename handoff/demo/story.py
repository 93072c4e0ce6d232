"""The whole story: twelve weeks in which leads are found, written to, answered, handed over, won and lost."""

import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.core.management import call_command
from django.db.models import Min

from compliance import addresses, halts, suppression
from compliance.acts import Consent, perform
from compliance.models import Halt, Purpose, SuppressionReason
from compliance.refusals import Refused
from compliance.suppression import Stop
from handoff import installing, rounds
from handoff.demo import answers, cast, recipients, writing
from handoff.demo.answers import Answer
from handoff.demo.catcher import Catcher
from handoff.demo.climb import ACTIVATION_LIST, CONFIRMED_DIRECTLY, Desk
from handoff.demo.played import PlayedServer
from sequences import enrollment, lists, router, showing
from sequences.inbound.intake import take
from sequences.models import (
    Account,
    Contact,
    Enrollment,
    ImportRun,
    InboundMessage,
    Mailbox,
    OutboundMessage,
    RecipientList,
)

FILES = Path(__file__).parent
LIST_NAME = "Spring event and newsletter"
WEEKS = 12
_SWEEP = timedelta(minutes=30)
_BY_PHONE = "brigid.lawlor@carrowmore.example"
_RENAMED = "rahul.menon@tidewater-cloud.example"
_REMOVED = "owen.tregenza@penrose-marine.example"
_COMPANY_STOP = "gumleaf.example"
_SECOND_LIST = "Autumn webinar"
_THIRD_LIST = "Partner pages"
Event = tuple[datetime, Callable[[datetime], None]]
After = Callable[[float, Callable[[datetime], None]], Event]
_LIST_ACTS = {act.arrow: act for act in lists.ACTS}


@dataclass
class Story:
    """One performance. `say` gets a line for each thing that happens."""

    begins: datetime
    catcher: Catcher
    server: PlayedServer
    say: writing.Say
    staff: writing.Staff = field(default_factory=dict)

    def play(self) -> None:
        """From the empty database to the end of the twelfth week."""
        self._prepare()
        texts = writing.write_all(self.staff, self.begins, self.say)
        writing.build_sequence(texts, self.staff, self.begins + timedelta(hours=4), self.say)
        self._activation = writing.build_activation(self.staff, self.begins, self.say)
        self._desk = Desk(self.staff, self.say)
        self._desk.working_times()
        phoned = Stop(SuppressionReason.BY_PHONE, source="call of the week before")
        suppression.stop_address(addresses.parse(_BY_PHONE), phoned, by=self.staff["sales_ops"], at=self.begins)
        self._load("recipients.csv", LIST_NAME, self.begins + timedelta(hours=5))
        self._classify(LIST_NAME, self.begins + timedelta(hours=5, minutes=30))
        self._sign(LIST_NAME, self.begins + timedelta(hours=6))
        self._pass_the_weeks()
        self._leave_work()

    def _prepare(self) -> None:
        installing.prepare(Purpose.DEMO, at=self.begins)
        installing.load_playbook(installing.read_playbook(installing.EXAMPLE), at=self.begins)
        self.staff = cast.enter(at=self.begins)
        cast.administrator()
        Mailbox.objects.create(
            address="rick@northwind-advisory.example",
            name="Rick Halvorsen",
            host="127.0.0.1",
            port=self.catcher.port,
            security=Mailbox.Security.PLAIN,
            created_at=self.begins,
        )

    def _load(self, file: str, name: str, at: datetime) -> None:
        said = io.StringIO()
        call_command(
            "import_recipients",
            str(FILES / file),
            list=name,
            sequence=writing.SEQUENCE,
            by=self.staff["sales_ops"].username,
            at=at.isoformat(),
            json=True,
            stdout=said,
        )
        verdicts = json.loads(said.getvalue())["verdicts"]
        self.say(f"a file of {sum(verdicts.values())} rows is loaded: {_counted(verdicts)}")

    def _classify(self, name: str, at: datetime) -> None:
        rounds.run("enter", at)
        self._desk.evidence_comes_in(Contact.objects.filter(list_rows__recipient_list__name=name).order_by("pk"), at)
        rounds.run("classify", at + timedelta(minutes=1))
        self._desk.classified()

    def _submit(self, name: str, at: datetime) -> RecipientList:
        recipients_list = RecipientList.objects.get(name=name)
        perform(recipients_list, _LIST_ACTS["submit"], by=self.staff["sales_ops"], at=at, consent=Consent())
        return RecipientList.objects.get(name=name)

    def _sign(self, name: str, at: datetime) -> None:
        submitted = self._submit(name, at)
        try:
            perform(submitted, _LIST_ACTS["sign"], by=self.staff["sales_ops"], at=at, consent=Consent())
        except Refused as refused:
            self.say(f"sales ops loaded the list and may not sign it: {refused.refusals[-1]}")
        before, cro = Enrollment.objects.count(), self.staff["cro"]
        shown = showing.recipients(submitted, by=cro, at=at)
        perform(submitted, _LIST_ACTS["sign"], by=cro, at=at, consent=shown.consent("Looks right."))
        self.say(f"the CRO reads {len(shown.samples)} of its people's messages, long, short and odd ones, and signs it")
        self.say(f"{Enrollment.objects.count() - before} people enter the sequence")

    def _pass_the_weeks(self) -> None:
        at, ends = self.begins + timedelta(hours=6), self.begins + timedelta(weeks=WEEKS)
        events = sorted(self._events(), key=lambda event: event[0])
        while at <= ends:
            while events and events[0][0] <= at:
                events.pop(0)[1](at)
            rounds.run_all(at)
            ahead = [moment for moment in (_next_due(), events[0][0] if events else None) if moment]
            if not ahead:
                break
            at = max(at + _SWEEP, min(ahead))
        rounds.run_all(ends)

    def _events(self) -> list[Event]:
        def after(days: float, act: Callable[[datetime], None]) -> Event:
            return self.begins + timedelta(days=days), act

        return [
            *(after(answer.day, partial(self._is_answered, answer)) for answer in answers.ANSWERS),
            *self._at_the_desk(after),
            after(9, self._opts_out_by_link),
            after(20, self._opts_out_by_one_click),
            after(24, self._is_taken_out),
            after(34, self._opts_out_by_mail),
            after(28, self._signature_is_renewed),
            after(40, self._changes_name),
            after(45, self._name_is_signed),
            after(50, self._company_says_stop),
            after(70, self._second_list),
            after(72, self._signature_is_renewed),
        ]

    def _at_the_desk(self, after: After) -> list[Event]:
        desk, torsten, ingrid = self._desk, answers.INTERESTED, answers.WANTS_A_BRIEFING
        return [
            after(39.2, self._two_start_again),
            after(27.3, self._reads_what_no_machine_understood),
            after(1.4, desk.decides),
            after(71.4, desk.decides),
            after(10.3, partial(desk.confirms, torsten)),
            after(10.4, partial(desk.books, torsten)),
            after(14.3, partial(desk.recycles, ingrid)),
            after(15.3, partial(desk.confirms, CONFIRMED_DIRECTLY)),
            after(16.2, self._activates),
            after(15.6, partial(desk.holds_briefing, torsten)),
            after(22.3, partial(desk.proposes, torsten)),
            after(36.3, partial(desk.wins, torsten)),
        ]

    def _activates(self, at: datetime) -> None:
        self._desk.loads_proposals(self._activation, at)
        self._sign(ACTIVATION_LIST, at + timedelta(hours=1))

    def _is_answered(self, answer: Answer, at: datetime) -> None:
        came = answers.send(answer, self.catcher, at)
        if came is None:
            return
        take(came.content, recipient=came.recipient, at=at)
        self.say(answer.told)
        rounds.run("route", at)
        rounds.run("answers", at)
        if answer.who in (answers.INTERESTED, answers.WANTS_A_BRIEFING):
            self._desk.accepts(answer.who, at + timedelta(minutes=3))

    def _two_start_again(self, at: datetime) -> None:
        """Two of seventy addresses did not exist: the mailbox stopped by itself, and two people look into it."""
        ask, confirm, _decline = halts.ACTS
        for row in Halt.objects.filter(state=Halt.State.STANDING):
            self.say(f"what stopped by itself: {row.reason}; nothing goes from that mailbox")
            comment = Consent("Both addresses are off the list now; the others were confirmed by telephone.")
            perform(row, ask, by=self.staff["cro"], at=at, consent=comment)
            asked = Halt.objects.get(pk=row.pk)
            perform(asked, confirm, by=self.staff["chief_of_staff"], at=at, consent=Consent("Looked at, agreed."))
            self.say("the CRO asks to start it again, the chief of staff confirms")
        self._signature_is_renewed(at)

    def _reads_what_no_machine_understood(self, at: datetime) -> None:
        (say,) = [act for act in router.ACTS if act.arrow == "route"]
        for row in InboundMessage.objects.filter(state=InboundMessage.State.WAITING):
            consent = Consent("A thank-you above a quotation.", more={"what": "neutral/ack"})
            perform(row, say, by=self.staff["sales_ops"], at=at, consent=consent)
            self.say("sales ops reads it and says what it is; until then that person was written nothing")

    def _opts_out_by_link(self, at: datetime) -> None:
        self.server.at = at
        recipients.by_link(self.catcher.to(recipients.BY_LINK)[-1])
        self.say("somebody follows the link in a mail and presses the button: out, everywhere, at once")

    def _opts_out_by_one_click(self, at: datetime) -> None:
        self.server.at = at
        recipients.by_one_click(self.catcher.to(recipients.BY_ONE_CLICK)[-1])
        self.say("somebody uses their mail programme's own button (RFC 8058)")

    def _opts_out_by_mail(self, at: datetime) -> None:
        mail = recipients.by_mail(self.catcher.to(recipients.BY_MAIL)[-1], self.catcher)
        take(mail.content, recipient=mail.recipient, at=at)
        self.say("somebody writes to the unsubscribe address")

    def _is_taken_out(self, at: datetime) -> None:
        row = Enrollment.objects.get(contact__address=_REMOVED)
        (leave,) = enrollment.ACTS
        perform(row, leave, by=self.staff["sales_ops"], at=at, consent=Consent("Met in person; no series needed."))
        self.say("sales ops takes one person out by hand")

    def _signature_is_renewed(self, at: datetime) -> None:
        recipients_list = RecipientList.objects.get(name=LIST_NAME)
        ends = lists.signature_ends(recipients_list) or at
        self._sign_again(recipients_list, "Looked through again; still ours.", at)
        self.say(f"a signature holds for 30 days, this one until {ends:%d %B}: the CRO signs the list again")

    def _sign_again(self, row: RecipientList, comment: str, at: datetime) -> None:
        cro = self.staff["cro"]
        consent = showing.recipients(row, by=cro, at=at).consent(comment)
        perform(row, _LIST_ACTS["sign_changes"], by=cro, at=at, consent=consent)

    def _changes_name(self, at: datetime) -> None:
        Account.objects.filter(contacts__address=_RENAMED).update(name="Tidewater Cloud Group")
        self.say("a company changes its name after the list was signed: that row alone is held")

    def _name_is_signed(self, at: datetime) -> None:
        recipients_list = RecipientList.objects.get(name=LIST_NAME)
        self._sign_again(recipients_list, "Renamed after a merger; still ours.", at)
        self.say("the CRO signs the changed row, and its mail goes")

    def _company_says_stop(self, at: datetime) -> None:
        stop = Stop(SuppressionReason.LEGAL_DEMAND, source="letter of their counsel")
        suppression.stop_domain(_COMPANY_STOP, stop, by=self.staff["legal"], at=at)
        self.say("a company asks us to stop writing to all of its people")

    def _second_list(self, at: datetime) -> None:
        self._load("webinar.csv", _SECOND_LIST, at)
        self._classify(_SECOND_LIST, at)
        self._sign(_SECOND_LIST, at)

    def _leave_work(self) -> None:
        """Something for whoever looks at the admin afterwards: a text and a list that wait for a signature."""
        at = self.begins + timedelta(weeks=WEEKS)
        writing.submit_another(self.staff, at)
        self._load("partner-pages.csv", _THIRD_LIST, at)
        self._submit(_THIRD_LIST, at)
        rounds.run("seal", at)
        self.say("one more text waits for the CMO, one more list for the CRO: yours to decide")


def import_verdicts() -> Counter[str]:
    """The verdicts of every file that was loaded."""
    total: Counter[str] = Counter()
    for run in ImportRun.objects.all():
        total.update(run.counts)
    return total


def _next_due() -> datetime | None:
    active = Enrollment.objects.filter(state=Enrollment.State.ACTIVE)
    due = active.filter(paused_because="").aggregate(at=Min("due_at"))["at"]
    back = active.aggregate(at=Min("paused_until"))["at"]
    waiting = OutboundMessage.objects.filter(state=OutboundMessage.State.PLANNED).aggregate(at=Min("not_before"))["at"]
    doubtful = OutboundMessage.objects.filter(state=OutboundMessage.State.IN_DOUBT).exclude(reason="assumed_sent")
    settled = doubtful.aggregate(at=Min("settled_at"))["at"]
    moments = [due, back, waiting, settled + timedelta(hours=72) if settled else None]
    return min((moment for moment in moments if moment), default=None)


def _counted(verdicts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in verdicts.items() if count)
