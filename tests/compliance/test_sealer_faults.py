"""What is named of a log that somebody changed who owns the database: edited, cut, reordered, put in (FT-78)."""

import pytest

from compliance import audit, sealer
from compliance.models import AuditEntry
from compliance.sealer import Head
from tests.compliance.test_sealer import key, record, seal, tamper

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "user:1"),
        ("verb", "thing.undone"),
        ("subject", "app.thing:9"),
        ("reason", "x"),
        ("data", '{"a": 1}'),
        ("data", '{"a": 1e5000}'),
    ],
)
def test_an_altered_entry_is_named(column: str, value: str) -> None:
    seal(3)
    tamper(f"UPDATE compliance_auditentry SET {column} = %s WHERE id = %s", value, key(2))  # noqa: S608
    assert sealer.verify().broken == f"position 2: entry {key(2)} was altered"


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


def test_an_entry_moved_in_time_is_named() -> None:
    seal(1)
    tamper("UPDATE compliance_auditentry SET at = %s", "2026-11-17 09:00:00+00:00")
    assert "was altered" in sealer.verify().broken


@pytest.mark.parametrize("moment", ["infinity", "2026-11-17 10:00:00+00 BC"])
def test_an_entry_moved_out_of_every_calendar_is_named(moment: str) -> None:
    seal(1)
    record()
    sealed, waiting = key(1), AuditEntry.objects.latest("pk").pk
    tamper("UPDATE compliance_auditentry SET at = %s WHERE id = %s", moment, waiting)
    assert sealer.verify().broken == f"entry {waiting}: altered before it was sealed"
    tamper("UPDATE compliance_auditentry SET at = %s WHERE id = %s", moment, sealed)
    assert sealer.verify().broken == f"position 1: entry {sealed} was altered"


def test_a_removed_entry_is_named() -> None:
    seal(3)
    gone = key(2)
    tamper("DELETE FROM compliance_auditentry WHERE id = %s", gone)
    assert sealer.verify().broken == f"position 2: entry {gone} is gone"


def test_a_removed_seal_is_named() -> None:
    seal(3)
    tamper("DELETE FROM compliance_auditseal WHERE position = 2")
    assert sealer.verify().broken == "position 2: missing, 3 follows"


def test_an_altered_seal_is_named() -> None:
    seal(3)
    tamper("UPDATE compliance_auditseal SET chain = %s WHERE position = 2", "f" * 64)
    assert sealer.verify().broken == "position 2: the chain is broken"


def test_an_altered_digest_of_a_seal_is_named() -> None:
    seal(3)
    tamper("UPDATE compliance_auditseal SET digest = %s WHERE position = 2", "f" * 64)
    assert sealer.verify().broken.startswith("position 2: ")


def test_two_entries_that_changed_places_are_named() -> None:
    seal(3)
    one, other = key(1), key(2)
    for entry, position in ((-1, 1), (one, 2), (other, 1)):
        tamper("UPDATE compliance_auditseal SET entry_id = %s WHERE position = %s", entry, position)
    assert sealer.verify().broken.startswith("position 1: ")


def test_a_seal_put_before_the_first_is_named() -> None:
    seal(2)
    record()
    tamper("INSERT INTO compliance_auditseal (position, entry_id, digest, chain) VALUES (-5, 99, 'x', 'y')")
    assert sealer.verify().broken == "position 1: missing, -5 follows"


def test_an_entry_with_the_lowest_number_there_is_is_not_passed_over() -> None:
    record()
    tamper("UPDATE compliance_auditentry SET id = %s, sealed = %s", -(2**63), True)
    assert sealer.verify().broken == f"entry {-(2**63)}: marked as sealed, but its seal is gone"


def test_an_entry_altered_before_it_was_sealed_is_named() -> None:
    record(2)
    first = AuditEntry.objects.order_by("pk")[0]
    tamper("UPDATE compliance_auditentry SET reason = 'x' WHERE id = %s", first.pk)
    assert sealer.verify().broken == f"entry {first.pk}: altered before it was sealed"


def test_only_the_first_fault_is_named_and_what_came_before_counts() -> None:
    seal(4)
    tamper("DELETE FROM compliance_auditseal WHERE position IN (2, 4)")
    report = sealer.verify()
    assert (report.sealed, report.broken) == (1, "position 2: missing, 3 follows")


def test_a_tail_of_entries_cut_off_is_named() -> None:
    seal(3)
    gone = key(3)
    tamper("DELETE FROM compliance_auditentry WHERE id = %s", gone)
    assert sealer.verify().broken == f"position 3: entry {gone} is gone"


def test_a_tail_cut_off_without_a_trace_shows_against_a_head_noted_elsewhere() -> None:
    seal(3)
    noted, gone = sealer.verify().head, key(3)
    tamper("DELETE FROM compliance_auditseal WHERE position = 3")
    tamper("DELETE FROM compliance_auditentry WHERE id = %s", gone)
    assert sealer.verify().holds
    assert sealer.verify([Head(noted)]).broken == "position 2: the chain ends or differs before the head that was noted"


def test_a_chain_written_anew_shows_against_a_head_noted_elsewhere() -> None:
    seal(2)
    noted = sealer.verify().head
    entry = AuditEntry.objects.get(pk=key(1))
    entry.reason = "another one"
    tamper("DELETE FROM compliance_auditseal")
    AuditEntry.objects.update(sealed=False)
    tamper(
        "UPDATE compliance_auditentry SET reason = %s, digest = %s WHERE id = %s",
        entry.reason,
        audit.digest_of(entry),
        entry.pk,
    )
    seal()
    assert sealer.verify().holds
    assert not sealer.verify([Head(noted)]).holds


def test_a_head_kept_with_its_position_names_where_the_chain_was_written_anew() -> None:
    seal(2)
    kept = [Head("f" * 64, 1, "2026-11-16"), Head("e" * 64, 1, "2026-11-17")]
    assert sealer.verify(kept).broken.startswith("position 1: the chain differs from the head that was kept")
    assert not sealer.verify([Head(sealer.verify().head, 1), *kept[:1]]).holds


def test_a_tail_cut_off_is_named_with_the_head_that_was_kept_of_it() -> None:
    seal(3)
    kept = Head(sealer.verify().head, 3, "2026-11-17")
    gone = key(3)
    tamper("DELETE FROM compliance_auditseal WHERE position = 3")
    tamper("DELETE FROM compliance_auditentry WHERE id = %s", gone)
    assert sealer.verify([kept]).broken == "position 2: the chain ends here; position 3 was kept (2026-11-17)"


def test_seals_cut_off_show_by_the_entries_that_had_them() -> None:
    seal(3)
    last = key(3)
    tamper("DELETE FROM compliance_auditseal WHERE position = 3")
    assert sealer.verify().broken == f"entry {last}: marked as sealed, but its seal is gone"


def test_an_entry_put_in_behind_the_verbs_as_if_it_were_sealed_is_named() -> None:
    seal(2)
    record()
    late = AuditEntry.objects.latest("pk")
    AuditEntry.objects.filter(pk=late.pk).update(sealed=True)
    assert sealer.verify().broken == f"entry {late.pk}: marked as sealed, but its seal is gone"


def test_an_entry_put_between_two_sealed_ones_comes_after_them_in_the_chain() -> None:
    seal(2)
    record()
    tamper("UPDATE compliance_auditentry SET id = -1 WHERE id = %s", AuditEntry.objects.latest("pk").pk)
    seal()
    assert (key(3), sealer.verify().holds) == (-1, True)


def test_a_chain_that_has_grown_contains_every_head_it_had() -> None:
    heads = [sealer.verify().head]
    for _round in range(3):
        seal(2)
        heads.append(sealer.verify().head)
    assert all(sealer.verify([Head(head)]).holds for head in heads)
