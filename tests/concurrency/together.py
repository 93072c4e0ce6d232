"""Lets many workers begin at the same instant, each with a database connection of its own."""

import threading
from collections.abc import Callable, Sequence

from django.db import connection

Work = Callable[[], object]
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"


def together(works: Sequence[Work], seconds: float = 30) -> list[BaseException]:
    """Run all of them in threads that start as one; return what went wrong, in no order."""
    ready, faults = threading.Barrier(len(works)), list[BaseException]()

    def run(work: Work) -> None:
        try:
            ready.wait(seconds)
            work()
        except BaseException as fault:  # noqa: BLE001 - handed to the test, which must not pass over it
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work], daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    if any(thread.is_alive() for thread in threads):
        faults.append(TimeoutError(f"still at work after {seconds} seconds"))
    return faults


def waited_for() -> bool:
    """Whether another session waits for a lock that this one holds."""
    with connection.cursor() as cursor:
        # Not pg_stat_activity: inside a transaction it stays as it was when it was first looked at.
        cursor.execute(_WAITING)
        return bool(cursor.fetchone()[0])
