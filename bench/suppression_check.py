"""How long the stops of 1,000 addresses are looked for among a million. The promise: under 50 ms on PostgreSQL."""

from django.db import connection

from bench.harness import Figure, percentile, seconds
from compliance import addresses, cards, clock, stopped

N = 1_000_000
_ASKED, _TIMES = 1_000, 20
# Stops of strangers, three spellings each, as imports of opt-out files leave them behind.
_FILL = """
INSERT INTO compliance_suppression (order_no, at, scope, account, reason, strength, source, evidence, recorded_by)
SELECT n, now(), 'person', '', 'imported', 60, '', '{}', 'system' FROM generate_series(1, %s) n;
INSERT INTO compliance_suppressiondigest (suppression_id, digest)
SELECT s.id, md5(s.id || '/' || k) FROM compliance_suppression s, generate_series(1, 3) k;
ANALYZE compliance_suppression; ANALYZE compliance_suppressiondigest;
"""


def measure(n: int) -> list[Figure]:
    """Cards, spellings and companies of a batch, as the first rule of the door asks."""
    assert connection.vendor == "postgresql", "the stops are generated on PostgreSQL"
    people = [addresses.parse(f"person.{number}@d{number % 200}.example.com") for number in range(_ASKED)]
    made = cards.find_or_make(people, at=clock.now())
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [n])
        cursor.execute("ANALYZE compliance_addresscard; ANALYZE compliance_addressdigest; ANALYZE compliance_personkey")
    keys = [card.pk for card in made.values()]
    taken = [seconds(lambda: stopped.stops(keys, people, [], [])) for _turn in range(_TIMES)]
    more = {"stops": n, "p50_ms": round(percentile(taken, 0.5) * 1e3, 1), "max_ms": round(max(taken) * 1e3, 1)}
    return [Figure("suppression_check", _ASKED, percentile(taken, 0.5), more=more)]
