"""Shows what each of several hundred invented answers is, read from raw mail: class, subclass, day back, for good."""

import json
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from sequences.classifier import Answer, Kind, Mail, classify
from sequences.inbound.reading import read

CORPORA = Path(__file__).parents[2] / "corpora" / "replies"
FRIDAY = datetime(2026, 11, 20, 10, tzinfo=UTC)
# Words that also stand in a wish to be left in peace: the class is right, and a person looks all the same.
LOOKED_AT = {"d049", "d056", "d075"}
HEADERS = {
    "A": {"Auto-Submitted": "auto-replied"},
    "E": {"Return-Path": "<>", "X-MS-Exchange-Inbox-Rules-Loop": "ada@acme.example"},
    "X": {"X-Auto-Response-Suppress": "All"},
    "N": {},
}


def samples() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPORA / "samples.jsonl").read_text(encoding="utf-8").splitlines()]


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (CORPORA / name).read_text(encoding="utf-8").splitlines()]


def raw(sample: dict[str, Any]) -> bytes:
    mail = EmailMessage()
    headers = dict(sample.get("headers") or {})
    kind = headers.pop("Content-Type", "")
    for name, value in {
        "Subject": sample["subject"],
        "From": sample["from"],
        "Date": sample["date"],
        **headers,
    }.items():
        mail[name] = value
    mail.set_content(sample["body"])
    if kind:
        mail.replace_header("Content-Type", kind)
    elif "html" in sample:
        mail.add_alternative(sample["html"], subtype="html")
    return mail.as_bytes()


def decided(sample: dict[str, Any]) -> Answer:
    return classify(read(raw(sample)), at=FRIDAY)


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: f"{sample['id']}-{sample['label']}")
def test_a_sample_is_what_its_label_says(sample: dict[str, Any]) -> None:
    answer = decided(sample)
    back = answer.return_date.isoformat() if answer.return_date else None
    said = (answer.kind, answer.subclass, back, answer.permanent)
    if sample["label"] == "other":
        assert (answer.kind, answer.sure, back, answer.permanent) == (Kind.OTHER, False, None, False)
    else:
        finer = sample.get("sublabel", "read_receipt")
        assert said == (sample["label"], finer, sample.get("return_date"), sample["permanent"])


@pytest.mark.parametrize(
    "sample", [one for one in samples() if one["label"] != "other"], ids=lambda sample: sample["id"]
)
def test_what_can_be_told_is_told_for_sure(sample: dict[str, Any]) -> None:
    assert decided(sample).sure == (sample["id"] not in LOOKED_AT)


@pytest.mark.parametrize(("language", "kind", "subclass", "lasting", "text"), rows("people.tsv"))
def test_people_are_understood(language: str, kind: str, subclass: str, lasting: str, text: str) -> None:
    mail = Mail(sender="ada@acme.example", subject="Re: One question", answers=("<1@ours.example>",), text=text)
    answer = classify(mail, at=FRIDAY)
    assert (answer.kind, answer.subclass, answer.permanent) == (kind, subclass, lasting == "+")


@pytest.mark.parametrize(("language", "subclass", "back", "headers", "subject", "text"), rows("machines.tsv"))
def test_machines_are_told_from_people(
    language: str, subclass: str, back: str, headers: str, subject: str, text: str
) -> None:
    sample = {"subject": subject, "from": "ada@acme.example", "date": "Fri, 20 Nov 2026 10:00:00 +0000", "body": text}
    answer = decided(sample | {"headers": HEADERS[headers]})
    if subclass == "PERSON":
        assert answer.kind not in {Kind.AUTO_REPLY, Kind.BOUNCE, Kind.COMPLAINT}
        assert answer.return_date is None
    else:
        said = (answer.kind, answer.subclass, answer.return_date.isoformat() if answer.return_date else "-")
        assert said == (Kind.AUTO_REPLY, subclass, back)
