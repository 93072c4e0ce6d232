"""An installation with one row of every kind, as it is after a day of work."""

from compliance import halts, heartbeats, incidents, lifting, suppression
from compliance.acts import Consent
from compliance.addresses import parse
from compliance.findings import Finding, Weight
from compliance.heartbeats import Kind
from compliance.models import DomainCheck, DomainVerdict, Halt, Incident, OptIn, SendingDomain, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from handoff import criteria, ladder, proposing
from handoff.ladder import Said
from handoff.models import Owner, Stage
from sequences.models import ImportRun, InboundMessage, RecipientList, SequenceVersion, TemplateVersion
from tests.cast import TUESDAY
from tests.compliance.agreed import proposed
from tests.factories import (
    AccountFactory,
    ContactFactory,
    UserFactory,
    drafted_sequence,
    submitted_list,
    submitted_text,
)
from tests.handoff import climbing
from tests.sequences.campaign import opt_out, played

HOSTILE = '<script>alert("x")</script>'
MAIL = (
    b"From: =?utf-8?q?Ada?= <ada@pumps.example.com>\r\nSubject: <script>alert(1)</script>\r\n"
    b"X-Broken: =?nonsense?q?=FF?=\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n"
    b"<img src=x onerror=alert(2)> call me\r\n"
)


def at_work() -> None:
    """A list that has been sent to, one that waits, texts and sequences in every stage, mail, a file, a stop."""
    played({}, people=2, steps=1)
    submitted_text(TUESDAY)
    submitted_list(TUESDAY, [ContactFactory()], SequenceVersion.objects.get())
    drafted_sequence(TUESDAY, texts=[TemplateVersion.objects.get(state=TemplateVersion.State.LOADED)])
    opt_out("somebody@elsewhere.example.com")
    halts.place("sending-domain:ours.example.com", Halt.Kind.KILL_SWITCH, HOSTILE, by=SYSTEM, at=TUESDAY)
    heartbeats.beat(Kind.WEB_HOST, HOSTILE, at=TUESDAY)
    incidents.open_once(
        "other:1", Incident.Kind.OTHER, Incident.Severity.SEV3, HOSTILE, {"ref": HOSTILE}, by=SYSTEM, at=TUESDAY
    )
    proposed(HOSTILE, people={"cro": HOSTILE}, recipients={"never_domains": [HOSTILE]})
    lifted()
    looked_at()
    received()
    on_the_ladder()
    row = RecipientList.objects.order_by("pk")[0]
    ImportRun.objects.create(
        recipient_list=row,
        file_name=f"{HOSTILE}.csv",
        file_digest="0" * 64,
        preset="hubspot",
        counts={"new": 2, "invalid": 1},
        findings=[{"row": 4, "verdict": "invalid", "code": "invalid_address", "field": "address"}],
        by=row.author,
        at=TUESDAY,
    )


def looked_at() -> None:
    """The records of a domain, in which strangers wrote what they liked."""
    found = HOSTILE + "p" * 200
    kept = [Finding(f"code_{weight}", weight, HOSTILE, found).as_data() for weight in Weight]
    told = {"verdict": DomainVerdict.FAILS, "findings": kept}
    moments = dict.fromkeys(("checked_at", "decided_at", "failed_at", "created_at"), TUESDAY)
    row = SendingDomain.objects.create(domain="ours.example.com", **moments, **told)
    DomainCheck.objects.create(domain=row, at=TUESDAY, **told)


def on_the_ladder() -> None:
    """A lead that waits for an answer, one with a briefing, and somebody's working time; hostile words everywhere."""
    rep = UserFactory(role="rep")
    contact = ContactFactory(first_name=HOSTILE, last_name=HOSTILE, title=HOSTILE, account=AccountFactory(name=HOSTILE))
    lead = climbing.lead_of(contact)
    climbing.judged(lead, criteria.GATES, value=HOSTILE)
    climbing.heard(lead, reference=HOSTILE)
    lead = ladder.take(lead, "qualify", by=SYSTEM, at=TUESDAY, said=Said(notes=HOSTILE))
    climbing.offered(lead, rep)
    climbing.at_stage(Stage.BRIEFING_READY)
    climbing.mql()
    proposing.propose_round(TUESDAY)
    Owner.objects.create(user=rep, zone="Europe/Berlin", country="DE")


def lifted() -> None:
    """Somebody who had opted out wants mail again; one person asks that the stop be lifted, another one lifts it."""
    address, legal, chief = parse("back@elsewhere.example.com"), UserFactory(role="legal"), UserFactory(role="cro")
    stop = suppression.stop_address(address, Stop(SuppressionReason.ONE_CLICK), by=SYSTEM, at=TUESDAY)
    said = lifting.record_opt_in(address, OptIn.Way.FORM, HOSTILE, HOSTILE, by=legal, at=TUESDAY)
    request = lifting.ask(stop, said, HOSTILE, by=legal, at=TUESDAY)
    lifting.confirm(request, by=chief, at=TUESDAY, consent=Consent(comment=HOSTILE))


def received(raw: bytes = MAIL) -> InboundMessage:
    """A mail that waits for a person."""
    other = InboundMessage.Verdict.OTHER
    return InboundMessage.objects.create(
        received_at=TUESDAY, digest="a" * 64, raw=raw, recipient="u-token@ours.example.com", verdict=other
    )
