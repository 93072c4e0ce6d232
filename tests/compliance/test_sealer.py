"""The chain: each committed entry sealed once, and every kind of tampering named with its place."""

import threading
from collections.abc import Callable
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
def test_many_entries_are_sealed_and_verified_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "_BATCH", 7)
    seal(30)
    assert (sealer.verify().sealed, sealer.verify().holds) == (30, True)


@everywhere
@pytest.mark.parametrize(
    ("column", "value"),
    [("actor", "user:1"), ("verb", "thing.undone"), ("subject", "app.thing:9"), ("reason", "x"), ("data", '{"a": 1}')],
)
def test_an_altered_entry_is_named(column: str, value: str) -> None:
    seal(3)
    tamper(f"UPDATE compliance_auditentry SET {column} = %s WHERE id = %s", value, key(2))  # noqa: S608
    assert sealer.verify().broken == f"position 2: entry {key(2)} was altered"


@everywhere
def test_an_entry_altered_together_with_its_digest_is_named() -> None:
    seal(3)
    entry = AuditEntry.objects.get(pk=key(2))
    entry.verb = "thing.undone"
    tamper(
        "UPDATE compliance_auditentry SET verb = %s, digest = %s WHERE id = %s",
        entry.verb,
        audit.digest_of(entry),
        entry.pk,
    )
    assert sealer.verify().broken == f"position 2: entry {entry.pk} was altered"


@everywhere
def test_an_entry_moved_in_time_is_named() -> None:
    seal(1)
    tamper("UPDATE compliance_auditentry SET at = %s", "2026-11-17 09:00:00+00:00")
    assert "was altered" in sealer.verify().broken


@everywhere
def test_a_removed_entry_is_named() -> None:
    seal(3)
    gone = key(2)
    tamper("DELETE FROM compliance_auditentry WHERE id = %s", gone)
    assert sealer.verify().broken == f"position 2: entry {gone} is gone"


@everywhere
def test_a_removed_seal_is_named() -> None:
    seal(3)
    tamper("DELETE FROM compliance_auditseal WHERE position = 2")
    assert sealer.verify().broken == "position 2: missing, 3 follows"


@everywhere
def test_an_altered_seal_is_named() -> None:
    seal(3)
    tamper("UPDATE compliance_auditseal SET chain = %s WHERE position = 2", "f" * 64)
    assert sealer.verify().broken == "position 2: the chain is broken"


@everywhere
def test_an_altered_digest_of_a_seal_is_named() -> None:
    seal(3)
    tamper("UPDATE compliance_auditseal SET digest = %s WHERE position = 2", "f" * 64)
    assert sealer.verify().broken.startswith("position 2: ")


@everywhere
def test_two_entries_that_changed_places_are_named() -> None:
    seal(3)
    one, other = key(1), key(2)
    for entry, position in ((-1, 1), (one, 2), (other, 1)):
        tamper("UPDATE compliance_auditseal SET entry_id = %s WHERE position = %s", entry, position)
    assert sealer.verify().broken.startswith("position 1: ")


@everywhere
def test_a_seal_put_before_the_first_is_named() -> None:
    seal(2)
    record()
    tamper("INSERT INTO compliance_auditseal (position, entry_id, digest, chain) VALUES (-5, 99, 'x', 'y')")
    assert sealer.verify().broken == "position 1: missing, -5 follows"


@everywhere
def test_an_entry_altered_before_it_was_sealed_is_named() -> None:
    record(2)
    first = AuditEntry.objects.order_by("pk")[0]
    tamper("UPDATE compliance_auditentry SET reason = 'x' WHERE id = %s", first.pk)
    assert sealer.verify().broken == f"entry {first.pk}: altered before it was sealed"


@everywhere
def test_only_the_first_fault_is_named_and_what_came_before_counts() -> None:
    seal(4)
    tamper("DELETE FROM compliance_auditseal WHERE position IN (2, 4)")
    report = sealer.verify()
    assert (report.sealed, report.broken) == (1, "position 2: missing, 3 follows")


@everywhere
def test_a_tail_of_entries_cut_off_is_named() -> None:
    seal(3)
    gone = key(3)
    tamper("DELETE FROM compliance_auditentry WHERE id = %s", gone)
    assert sealer.verify().broken == f"position 3: entry {gone} is gone"


@everywhere
def test_a_tail_cut_off_without_a_trace_shows_against_a_head_noted_elsewhere() -> None:
    seal(3)
    noted, gone = sealer.verify().head, key(3)
    tamper("DELETE FROM compliance_auditseal WHERE position = 3")
    tamper("DELETE FROM compliance_auditentry WHERE id = %s", gone)
    assert sealer.verify().holds
    assert sealer.verify(noted).broken == "position 2: the chain ends or differs before the head that was noted"


@everywhere
def test_a_chain_written_anew_shows_against_a_head_noted_elsewhere() -> None:
    seal(2)
    noted = sealer.verify().head
    entry = AuditEntry.objects.get(pk=key(1))
    entry.reason = "another one"
    tamper("DELETE FROM compliance_auditseal")
    tamper(
        "UPDATE compliance_auditentry SET reason = %s, digest = %s WHERE id = %s",
        entry.reason,
        audit.digest_of(entry),
        entry.pk,
    )
    seal()
    assert sealer.verify().holds
    assert not sealer.verify(noted).holds


@everywhere
def test_a_chain_that_has_grown_contains_every_head_it_had() -> None:
    heads = [sealer.verify().head]
    for _round in range(3):
        seal(2)
        heads.append(sealer.verify().head)
    assert all(sealer.verify(head).holds for head in heads)


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
