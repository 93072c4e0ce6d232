"""Measures the classifier on mail that nobody of this project wrote, where it lies beside the checkout.

The figures are floors, not goals: what falls below one has become worse. What a mail is certainly not, it may never be.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from sequences.classifier import Answer, Kind, classify
from sequences.inbound.reading import read

ROOT = Path(__file__).parents[3]
MAIL = Path(os.environ.get("HANDOFF_SAMPLES", ROOT.parent / "shared")) / "corpora" / "mail"
AT = datetime(2026, 11, 20, tzinfo=UTC)
FLOORS = {
    "bounce_hard": 0.98,
    "bounce_soft": 0.97,
    "bounce_unknown": 0.99,
    "complaint": 0.95,
    "auto_reply": 1.0,
    "reply_text": 1.0,
}

pytestmark = pytest.mark.skipif(not MAIL.is_dir(), reason="the samples of real mail are not beside this checkout")


@cache
def decided() -> tuple[tuple[dict[str, str], Answer], ...]:
    return tuple(_decided())


def _decided() -> Iterator[tuple[dict[str, str], Answer]]:
    with (MAIL / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] != "inbound_webhook":
                raw = (MAIL / row["path"]).read_bytes()
                # Mail arrives with CRLF; the copies have bare line feeds.
                yield row, classify(read(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")), at=AT)


def test_nothing_is_what_it_certainly_is_not() -> None:
    wrong = [(row["path"], answer) for row, answer in decided() if answer.kind in row["must_not"].split("|")]
    assert wrong == []


@pytest.mark.parametrize("kind", FLOORS)
def test_most_of_each_kind_is_recognised(kind: str) -> None:
    found = Counter(not row["label"] or answer.kind == row["label"] for row, answer in decided() if row["kind"] == kind)
    assert found[True] / found.total() >= FLOORS[kind]


def test_a_dead_address_is_told_from_a_full_one() -> None:
    """`sender` is no error for a soft one: too large is our own fault (LAW 9.3)."""
    rows = [(row["kind"], answer.subclass) for row, answer in decided() if answer.kind is Kind.BOUNCE]
    right = {"bounce_hard": {"hard"}, "bounce_soft": {"soft", "sender"}}
    found = Counter(subclass in right[kind] for kind, subclass in rows if kind in right)
    assert found[True] / found.total() >= 0.96


def test_a_full_mailbox_is_hardly_ever_called_a_dead_one() -> None:
    called = [answer for row, answer in decided() if row["kind"] == "bounce_soft" and answer.subclass == "hard"]
    assert len(called) <= 1


def test_most_bounces_name_the_address() -> None:
    found = Counter(
        row["bounced_address"].lower() in {one.address.lower() for one in answer.bounced}
        for row, answer in decided()
        if row["bounced_address"]
    )
    assert found[True] / found.total() >= 0.85


def test_the_day_of_an_absence_note_is_found() -> None:
    rows = [(row["return_date"], answer) for row, answer in decided() if row["return_date"]]
    assert [(answer.return_date and answer.return_date.isoformat()) for _day, answer in rows] == [
        day for day, _ in rows
    ]


def test_no_mail_of_another_kind_has_a_day_back() -> None:
    assert [row["path"] for row, answer in decided() if answer.return_date and not row["return_date"]] == []
