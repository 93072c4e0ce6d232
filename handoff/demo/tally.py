"""What happened, counted from the catcher's and the database's own records, never from what was meant to happen."""

from collections import Counter
from dataclasses import asdict, dataclass

from compliance import sealer
from compliance.models import Strength, Suppression
from handoff import metrics
from handoff.demo.catcher import Catcher
from handoff.demo.story import import_verdicts
from sequences.models import Enrollment, OutboundMessage

_TAKEN = ("new", "changed", "unchanged")
_WENT = (OutboundMessage.State.ACCEPTED, OutboundMessage.State.IN_DOUBT)


@dataclass(frozen=True)
class Tally:
    """The figures of one performance."""

    messages_accepted: int
    refused: dict[str, int]
    replies: dict[str, int]
    stage_moves: int
    stages: dict[str, int]
    alerts: int
    opt_outs: int
    sends_after_opt_out: int
    duplicates: int
    totals_balance: bool
    sent_after_waiting: int
    in_doubt: int
    import_verdicts: dict[str, int]
    messages: dict[str, int]
    enrollments: dict[str, int]
    stops: dict[str, int]
    audit_entries: int
    audit_holds: bool

    def as_data(self) -> dict[str, object]:
        return asdict(self)


def take(catcher: Catcher, office: Catcher) -> Tally:
    """Count everything; `office` is where members of staff get their mail."""
    report = sealer.verify()
    verdicts = dict(import_verdicts())
    refused = Counter({name: count for name, count in verdicts.items() if name not in _TAKEN and count})
    refused.update(metrics.messages_refused())
    return Tally(
        messages_accepted=len(catcher.caught),
        refused=dict(sorted(refused.items())),
        replies=metrics.answers(),
        stage_moves=sum(metrics.stage_moves().values()),
        stages=metrics.stages(),
        alerts=len(office.caught),
        opt_outs=Suppression.objects.filter(strength__gte=Strength.OPT_OUT).count(),
        sends_after_opt_out=metrics.sends_after_stop(),
        duplicates=max(catcher.duplicates(), metrics.cleared_twice()),
        totals_balance=_balances(catcher),
        sent_after_waiting=OutboundMessage.objects.filter(state=_WENT[0], attempts_made__gt=1).count(),
        in_doubt=OutboundMessage.objects.filter(state=OutboundMessage.State.IN_DOUBT).count(),
        import_verdicts=verdicts,
        messages=metrics.message_states(),
        enrollments=metrics.enrollment_ends(),
        stops=metrics.opt_outs(),
        audit_entries=report.sealed + report.unsealed,
        audit_holds=report.holds,
    )


def _balances(catcher: Catcher) -> bool:
    """Both ledgers say the same, every row is in one known state, and no passage is without its messages (G4)."""
    states = metrics.message_states()
    sent = OutboundMessage.objects.filter(state__in=_WENT)
    ours = {row.strip("<>") for row in sent.values_list("message_id", flat=True)}
    theirs = {message.message_id.strip("<>") for message in catcher.caught}
    known = set(states) <= set(OutboundMessage.State.values)
    complete = sum(states.values()) == OutboundMessage.objects.count()
    under_way = Enrollment.objects.filter(state=Enrollment.State.ACTIVE, due_at=None)
    stranded = under_way.exclude(
        messages__state__in=[
            OutboundMessage.State.PLANNED,
            OutboundMessage.State.CLAIMED,
            OutboundMessage.State.CLEARED,
            OutboundMessage.State.IN_DOUBT,
        ]
    )
    return known and complete and ours == theirs and not stranded.exists()
