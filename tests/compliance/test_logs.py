"""Log records: one line each whatever is in them, without addresses, and quickly."""

import json
import logging
import sys
from types import TracebackType
from typing import Any, cast

import pytest

from compliance import tokens
from compliance.logs import OneLine

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def line(message: str, *given: object, exc_info: ExcInfo | None = None) -> str:
    record = logging.LogRecord("handoff.test", logging.INFO, "test.py", 1, message, given, exc_info)
    return OneLine().format(record)


def said(message: str, *given: object) -> str:
    found: dict[str, Any] = json.loads(line(message, *given))
    return str(found["message"])


def test_a_record_says_when_how_serious_where_and_what() -> None:
    found = json.loads(line("sent %d", 3))
    assert set(found) == {"time", "level", "logger", "message"}
    assert (found["level"], found["logger"], found["message"]) == ("INFO", "handoff.test", "sent 3")


@pytest.mark.parametrize("text", ['a\n{"level": "CRITICAL"}', "a\r\nb", "a\u2028b\u2029c\x85d", "\x1b[31mred", "a\0b"])
def test_hostile_text_stays_one_line_of_plain_characters(text: str) -> None:
    written = line("subject: %s", text)
    assert written.isascii()
    assert written.isprintable()
    assert said("%s", text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to ada.lovelace+x@pumps.example.com now", "to …@pumps.example.com now"),
        ("<ada@pumps.example.com>", "<…@pumps.example.com>"),
        ("{'to': 'ada@pumps.example.com'}", "{'to': …@pumps.example.com'}"),
        ("o'brien@pumps.example.com", "…@pumps.example.com"),
        ("jörg@pumps.example.com", "…@pumps.example.com"),
        ("bob@müller.de", "…@müller.de"),
        ('"ada lovelace"@pumps.example.com', "…@pumps.example.com"),
        ("/login?user=ada%40pumps.example.com", "…@pumps.example.com"),
        ("a@x.example,b@x.example;c@x.example", "…@x.example,…@x.example;…@x.example"),
        ("no address at all @ 3 o'clock", "no address at all @ 3 o'clock"),
    ],
)
def test_addresses_are_masked_and_their_domains_kept(text: str, masked: str) -> None:
    assert said("%s", text) == masked


def test_the_token_of_a_link_is_masked() -> None:
    token = tokens.make(tokens.Purpose.UNSUBSCRIBE, message=1, digest="ab" * 16)
    assert said("Service Unavailable: /u/%s/", token) == "Service Unavailable: /u/…/"


def test_a_traceback_is_kept_in_the_line_and_masked_too() -> None:
    try:
        raise ValueError("ada@pumps.example.com\nis wrong")
    except ValueError:
        found = json.loads(line("failed", exc_info=cast(ExcInfo, sys.exc_info())))
    assert "…@pumps.example.com\nis wrong" in found["traceback"]
    assert "ada@" not in found["traceback"]


@pytest.mark.parametrize("text", ["a" * 10**6, "a@" * 10**5, "a@b." * 10**5, '"' * 10**5, "a%40" * 10**5])
def test_a_pathological_text_costs_no_time(text: str) -> None:
    # The square of its length would be hours.
    assert len(said("%s", text)) > 10**4
