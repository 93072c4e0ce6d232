"""How many decisions the door takes in a second, in one batch with every rule. The promise: 5,000 on PostgreSQL."""

from datetime import timedelta

from bench import campaign
from bench.harness import Figure, percentile, seconds
from compliance import clearance
from compliance.models import Decision
from handoff import memory
from tests.cast import TUESDAY

N = 1_000
_TIMES, _APART = 3, timedelta(minutes=30)


def measure(n: int) -> list[Figure]:
    """Each batch is of other people, half an hour after the one before; the process has settled, as workers have."""
    asked = campaign.under_way(n * _TIMES)
    memory.settle()
    taken = []
    for turn in range(_TIMES):
        batch, at = asked[turn * n : (turn + 1) * n], TUESDAY + turn * _APART
        taken.append(seconds(lambda: clearance.clear(batch, at=at, confirm=campaign.everything)))  # noqa: B023
    assert Decision.objects.filter(outcome="permit").count() == n * _TIMES
    return [Figure("clearance_batch", n, percentile(taken, 0.5), more={"best_rate": round(n / min(taken), 1)})]
