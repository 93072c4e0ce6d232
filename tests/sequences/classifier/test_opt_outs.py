"""Shows who asks to be left in peace: in many languages, in their own words, and not in ours that they quote."""

import json
from pathlib import Path
from typing import Any

import pytest

from sequences.classifier.opt_outs import asks_to_stop

CORPORA = Path(__file__).parents[2] / "corpora" / "replies"
QUOTED = (
    "\n\nOn Thu, Nov 12, 2026 at 11:07 AM Rick Halvorsen <rick@northwind.example> wrote:\n\n"
    "> Hi Ada,\n>\n> stop guessing what your partners earn.\n>\n"
    "> You receive this once. If you want no more e-mails from us, unsubscribe here:\n> https://north.example/u/abc\n"
)
OUTLOOK = (
    "\n\nVon: Rick Halvorsen <rick@northwind.example>\nGesendet: Montag, 16. November 2026 09:12\n"
    "An: Ada Lovelace\nBetreff: Eine Frage\n\nHallo Ada,\n\nmöchten Sie keine weiteren E-Mails, hier abmelden.\n"
)


def lines(name: str) -> list[tuple[str, str]]:
    rows = (CORPORA / name).read_text(encoding="utf-8").splitlines()
    return [(language, text) for language, _tab, text in (row.partition("\t") for row in rows)]


def samples() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPORA / "samples.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(("language", "text"), lines("opt_outs.tsv"))
@pytest.mark.parametrize("quoted", ["", QUOTED, OUTLOOK], ids=["alone", "above-a-quotation", "above-a-copied-mail"])
def test_a_wish_to_be_left_in_peace_is_found(language: str, text: str, quoted: str) -> None:
    assert asks_to_stop("Re: One question", text + quoted) is not None


@pytest.mark.parametrize(("language", "text"), lines("goes_on.tsv"))
@pytest.mark.parametrize("quoted", ["", QUOTED, OUTLOOK], ids=["alone", "above-a-quotation", "above-a-copied-mail"])
def test_a_reply_that_asks_for_something_else_is_no_opt_out(language: str, text: str, quoted: str) -> None:
    assert asks_to_stop("Re: One question", text + quoted) is None


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: f"{sample['id']}-{sample['label']}")
def test_the_samples_are_told_apart(sample: dict[str, Any]) -> None:
    found = asks_to_stop(sample["subject"], sample["body"])
    assert (found is not None) == (sample["label"] == "opt_out")


def test_a_wish_below_the_quotation_counts_too() -> None:
    assert asks_to_stop("Re: One question", f"{QUOTED.strip()}\n\nremove me please\n")


def test_a_subject_alone_counts_when_nothing_is_written_below_it() -> None:
    assert asks_to_stop("Unsubscribe", "\n \n")


def test_our_own_subject_coming_back_is_no_wish() -> None:
    assert asks_to_stop("Re: Stop guessing", "") is None


def test_the_wish_names_its_language_and_the_decisive_words() -> None:
    wish = asks_to_stop("AW: Frage", "Guten Tag, bitte keine weiteren Mails.")
    assert wish is not None
    assert wish.language == "de"
    assert "keine weiteren mails" in wish.words


@pytest.mark.parametrize(
    "piece", ["re: ", "> ", "unsubscribe ", "please ", "nicht mehr ", "(" * 9, "a@b wrote ", "\n:"]
)
def test_a_hostile_megabyte_is_answered_like_any_other_mail(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert asks_to_stop(text, text) == asks_to_stop(text[:5000], text[:20_000])
