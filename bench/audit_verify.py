"""How many sealed entries a verification recomputes in a second. The promise: 50,000 on PostgreSQL."""

from bench.harness import Figure, seconds
from bench.sealing import written
from compliance import clock, sealer

N = 100_000


def measure(n: int) -> list[Figure]:
    """The whole log: every digest, every link."""
    written(n)
    sealer.seal_round(clock.now())
    reports = []
    taken = seconds(lambda: reports.append(sealer.verify()))
    assert (reports[0].sealed, reports[0].holds) == (n, True)
    return [Figure("audit_verify", n, taken)]
