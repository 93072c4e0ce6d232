"""The chain: each committed entry sealed once, and every kind of tampering named with its place."""

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import connection, transaction

from compliance import audit, sealer
from compliance.append_only import lifted
from compliance.models import AuditEntry, AuditSeal
from compliance.principals import SYSTEM
from tests.cast import TUESDAY

everywhere = pytest.mark.everywhere
pytestmark = pytest.mark.django_db
WRITERS = 50
_GOLDEN = "c334529e15bef46a3bd41e9e4a8637253f8517cc076abdf754f133edecb13680"
_GOLDEN_HEAD = "0d281955842a674cf275c8c42c5faa936ac08d2123b013cfeb30548cb40b69aa"


def record(count: int = 1) -> None:
    notes = [audit.Note("thing.done", f"app.thing:{number}") for number in range(count)]
    audit.record_all(notes, by=SYSTEM, at=TUESDAY)


def seal(count: int = 0) -> None:
    record(count)
    sealer.seal_round(TUESDAY)


def tamper(sql: str, *values: Any) -> None:
    """What somebody can do who owns the database."""
    with lifted(connection), connection.cursor() as cursor:
        cursor.execute(sql, values)


def key(position: int) -> int:
    """The entry sealed at a position."""
    return AuditSeal.objects.get(position=position).entry_id


@everywhere
def test_an_empty_log_holds() -> None:
    assert sealer.verify() == sealer.Report(sealed=0, unsealed=0, broken="", head="0" * 64)


@everywhere
def test_entries_get_positions_in_order_without_gaps() -> None:
    record(3)
    assert sealer.seal_round(TUESDAY) == {"sealed": 3}
    seals = AuditSeal.objects.order_by("position")
    assert list(seals.values_list("position", flat=True)) == [1, 2, 3]
    assert list(seals.values_list("entry", flat=True)) == sorted(AuditEntry.objects.values_list("pk", flat=True))


@everywhere
def test_a_second_round_goes_on_where_the_first_ended() -> None:
    seal(2)
    seal(2)
    report = sealer.verify()
    assert (report.sealed, report.unsealed, report.holds) == (4, 0, True)


@everywhere
def test_a_round_without_entries_seals_nothing() -> None:
    seal(1)
    assert sealer.seal_round(TUESDAY) == {"sealed": 0}


@everywhere
def test_what_is_not_sealed_yet_is_counted_and_does_not_break_the_log() -> None:
    seal(1)
    record(2)
    report = sealer.verify()
    assert (report.sealed, report.unsealed, report.holds) == (1, 2, True)


@everywhere
@pytest.mark.parametrize("count", [28, 30])
def test_many_entries_are_sealed_and_verified_in_batches(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(sealer, "_BATCH", 7)
    record(count)
    assert (sealer.verify().unsealed, sealer.verify().holds) == (count, True)
    seal()
    assert (sealer.verify().sealed, sealer.verify().unsealed, sealer.verify().holds) == (count, 0, True)


@everywhere
def test_a_flag_that_was_taken_back_does_not_seal_an_entry_twice_or_stop_the_sealer() -> None:
    seal(2)
    AuditEntry.objects.update(sealed=False)
    seal(1)
    report = sealer.verify()
    assert (report.sealed, report.unsealed, report.holds) == (3, 0, True)
    assert sealer.unsealed() == 0


@everywhere
def test_only_the_sealer_raises_the_flag_and_with_the_seal() -> None:
    record(2)
    assert sealer.unsealed() == 2
    sealer.seal_round(TUESDAY)
    assert set(AuditEntry.objects.values_list("sealed", "seal__position")) == {(True, 1), (True, 2)}


@everywhere
def test_chains_sealed_by_earlier_versions_hold() -> None:
    """What was computed when the first chains were written; a change here breaks every chain there is."""
    said = {"reason": "Łódź", "data": {"b": [1, 2.5, None], "a": "ü"}, "digest": _GOLDEN}
    for number in (10, 20):
        AuditEntry.objects.create(
            pk=number, at=TUESDAY, actor="user:7", verb="thing.done", subject="app.thing:1", **said
        )
    seal()
    assert sealer.verify() == sealer.Report(sealed=2, unsealed=0, broken="", head=_GOLDEN_HEAD)


@everywhere
@pytest.mark.parametrize(
    ("at", "told"),
    [
        (TUESDAY, "2026-11-17T10:00:00+00:00"),
        (TUESDAY.replace(microsecond=120_000), "2026-11-17T10:00:00.120000+00:00"),
        (TUESDAY.replace(microsecond=1), "2026-11-17T10:00:00.000001+00:00"),
        (TUESDAY.replace(year=1), "0001-11-17T10:00:00+00:00"),
        (TUESDAY.replace(tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-11-17T04:30:00+00:00"),
    ],
)
def test_a_moment_is_read_back_as_it_was_digested(at: datetime, told: str) -> None:
    digest = hashlib.sha256(f'["{told}","system","thing.done","app.thing:1","",{{}}]'.encode()).hexdigest()
    AuditEntry.objects.create(at=at, actor="system", verb="thing.done", subject="app.thing:1", digest=digest)
    assert sealer.verify().holds
    seal()
    assert sealer.verify().holds


@everywhere
def test_details_are_read_back_as_they_were_digested() -> None:
    since = {"since": TUESDAY, "deep": [{"ü": None, "a": [True, {"": []}]}], '\u202e"\\\n': "Łódź 😀"}
    numbers = {"big": 2**80, "round": 48.0, "minus": -0.0, "small": 1e-7, "large": 1e300}
    audit.record("thing.done", "app.thing:1", by=SYSTEM, at=TUESDAY, reason='"\\\t日本', **since, **numbers)
    assert sealer.verify().holds
    seal()
    assert sealer.verify().holds


@everywhere
def test_the_search_for_unsealed_entries_does_not_grow_with_the_log() -> None:
    query = AuditEntry.objects.filter(sealed=False).order_by("pk").values_list("pk", "digest")[:10]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    assert "audit_not_sealed" in query.explain()


def in_thread(work: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_entry_that_is_committed_late_is_sealed_although_its_number_is_low() -> None:
    written, release = threading.Event(), threading.Event()

    def late() -> None:
        with transaction.atomic():
            record()
            written.set()
            release.wait(5)

    thread = in_thread(late)
    written.wait(5)
    seal(1)
    early = AuditSeal.objects.get()
    release.set()
    thread.join()
    seal()
    assert AuditSeal.objects.get(position=2).entry_id < early.entry_id
    assert (sealer.verify().sealed, sealer.verify().unsealed, sealer.verify().holds) == (2, 0, True)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_entry_committed_while_others_are_sealed_is_not_taken_for_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    written, release, insert = threading.Event(), threading.Event(), sealer._insert

    def late() -> None:
        with transaction.atomic():
            record()
            written.set()
            release.wait(5)

    def slowly(seals: Any) -> None:
        release.set()
        thread.join()
        insert(seals)

    record()
    thread = in_thread(late)
    written.wait(5)
    record()
    monkeypatch.setattr(sealer, "_insert", slowly)
    sealer.seal_round(TUESDAY)
    monkeypatch.undo()
    seal()
    assert (sealer.verify().sealed, sealer.verify().unsealed, sealer.verify().holds) == (3, 0, True)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_fifty_writers_and_three_sealers_leave_one_valid_chain() -> None:
    ready = threading.Barrier(WRITERS + 3)

    def write() -> None:
        ready.wait()
        for _entry in range(4):
            record(2)

    def keep_sealing() -> None:
        ready.wait()
        for _round in range(8):
            sealer.seal_round(TUESDAY)

    threads = [in_thread(write) for _writer in range(WRITERS)] + [in_thread(keep_sealing) for _sealer in range(3)]
    for thread in threads:
        thread.join()
    seal()
    report = sealer.verify()
    assert (report.sealed, report.unsealed, report.holds) == (WRITERS * 8, 0, True)
