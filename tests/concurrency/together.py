"""Lets many workers begin at the same instant, each with a database connection of its own."""

import threading
import time
from collections.abc import Callable, Sequence

from django.db import connection

Work = Callable[[], object]
_PATIENCE_SECONDS = 30
_SOMETHING = 0.05
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"


def together(works: Sequence[Work]) -> list[BaseException]:
    """Run all of them in threads that start as one; return what went wrong, in no order."""
    ready, faults = threading.Barrier(len(works)), list[BaseException]()

    def run(work: Work) -> None:
        try:
            ready.wait(_PATIENCE_SECONDS)
            work()
        except BaseException as fault:  # noqa: BLE001 - handed to the test, which must not pass over it
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work], daemon=True) for work in works]
    for thread in threads:
        thread.start()
    if not _ended(threads):
        faults.append(TimeoutError(f"nobody got on for {_PATIENCE_SECONDS} seconds"))
    return faults


def waited_for() -> bool:
    """Whether another session waits for a lock that this one holds."""
    with connection.cursor() as cursor:
        # Not pg_stat_activity: inside a transaction it stays as it was when it was first looked at.
        cursor.execute(_WAITING)
        return bool(cursor.fetchone()[0])


def _ended(threads: Sequence[threading.Thread]) -> bool:
    """Wait for all while anybody computes: on a busy machine work is slow, in a circle of locks it stands still."""
    since, computed = time.monotonic(), time.process_time()
    while alive := [thread for thread in threads if thread.is_alive()]:
        alive[0].join(0.1)
        if time.process_time() - computed > _SOMETHING:
            since, computed = time.monotonic(), time.process_time()
        if time.monotonic() - since > _PATIENCE_SECONDS:
            return False
    return True
