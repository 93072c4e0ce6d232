"""How long an opt-out takes to be committed while four workers clear at full speed. The promise: p99 under 20 ms."""

import multiprocessing
from dataclasses import replace
from multiprocessing.synchronize import Event

from django.db import connection

from bench import campaign
from bench.harness import Figure, percentile, seconds
from compliance import addresses, cards, clearance, clock, suppression
from compliance.asking import Ask
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import LONG_AGO, TUESDAY

N = 500
_WORKERS, _AT_ONCE = 4, 50
_CLICKED = Stop(SuppressionReason.ONE_CLICK)


def measure(n: int) -> list[Figure]:
    """Opt-outs of people who are not being written to just now; nothing but the shared locks stands in their way."""
    asked = campaign.under_way(n * _WORKERS)
    others = [addresses.parse(f"person.{number}@d{number % 50}.example.com") for number in range(n)]
    digests = [card.digest for card in cards.find_or_make(others, at=LONG_AGO).values()]
    connection.close()
    fork, ended = multiprocessing.get_context("fork"), multiprocessing.Event()
    workers = [fork.Process(target=_clear, args=(asked[first::_WORKERS], ended)) for first in range(_WORKERS)]
    for worker in workers:
        worker.start()
    try:
        taken = [seconds(lambda: _stop(digest)) for digest in digests]  # noqa: B023
    finally:
        ended.set()
        for worker in workers:
            worker.join()
    told = {f"p{share}_ms": round(percentile(taken, share / 100) * 1e3, 1) for share in (50, 99)}
    return [Figure("opt_out_commit", n, sum(taken), more={**told, "workers": _WORKERS})]


def _stop(digest: str) -> None:
    suppression.stop_digest(digest, _CLICKED, by=SYSTEM, at=clock.now())


def _clear(asked: list[Ask], ended: Event) -> None:
    attempt = 0
    while not ended.is_set():
        attempt += 1
        for first in range(0, len(asked), _AT_ONCE):
            batch = [replace(ask, attempt=attempt) for ask in asked[first : first + _AT_ONCE]]
            clearance.clear(batch, at=TUESDAY, confirm=campaign.everything)
    connection.close()
