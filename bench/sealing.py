"""How many committed entries the sealer chains in a second. The promise: 20,000 on PostgreSQL."""

from bench.harness import Figure, seconds
from compliance import audit, clock, sealer
from compliance.audit import Note
from compliance.principals import SYSTEM

N = 100_000
_AT_ONCE = 5_000


def written(n: int) -> None:
    """So many entries, as a sender writes them."""
    for first in range(0, n, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, n))
        notes = [
            Note(
                "sequences.outboundmessage.accept",
                f"sequences.outboundmessage:{number}",
                {"from": "cleared", "to": "accepted", "code": "250"},
            )
            for number in numbers
        ]
        audit.record_all(notes, by=SYSTEM, at=clock.now())


def measure(n: int) -> list[Figure]:
    """Write first, then time one round."""
    written(n)
    taken = seconds(lambda: sealer.seal_round(clock.now()))
    assert sealer.unsealed() == 0
    return [Figure("sealing", n, taken)]
