"""Whatever a stranger sends is answered, and in a time that its length alone does not drive up (LAW SEC-16, SEC-19)."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequences.classifier import Kind, Mail, classify
from sequences.inbound.reading import read
from tests.cast import TUESDAY

MEGABYTE = 1_000_000
# Generous for a loaded machine; what grows with the square of its length takes minutes.
SECONDS = 20
PIECES = [
    "a", " \t", "\n", "\n\n", ">", "-----", "--- ", "(((((", "1/2 ", "monday ", "7 december ", "a@b ", "<a@b>: ",
    "wrote: ", "550 5.1.1 ", "From: a\nSent: b\n", "user ", "not to be ", "we have left the ", "until 3 ",
    "Action: failed\n\n", "could not be delivered ", "confidential message in error ", "é", "。", "stop ", "ß",
]  # fmt: skip
HEADS = [
    b"Subject: x\r\n\r\n",
    b"Content-Type: text/html\r\n\r\n",
    b"Content-Type: text/plain; charset=punycode\r\n\r\n",
    b"Content-Type: multipart/report; boundary=a\r\n\r\n--a\r\nContent-Type: message/delivery-status\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n",
    b"References: ",
    b"From: ",
]  # fmt: skip


@pytest.mark.parametrize("sender", ["mailer-daemon@acme.example", "ada@acme.example"])
@pytest.mark.parametrize("piece", PIECES)
def test_a_hostile_megabyte_of_words_is_answered_in_time(piece: str, sender: str) -> None:
    text = piece * (MEGABYTE // len(piece))
    began = time.monotonic()
    classify(Mail(sender=sender, subject=text[:500], text=text, answers=("<1@ours.example>",)), at=TUESDAY)
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("head", HEADS, ids=lambda head: head[:40].decode())
@pytest.mark.parametrize("piece", PIECES[::3])
def test_a_hostile_megabyte_of_mail_is_read_in_time(piece: str, head: bytes) -> None:
    began = time.monotonic()
    read(head + (piece * (MEGABYTE // len(piece))).encode())
    assert time.monotonic() - began < SECONDS


@given(st.binary(max_size=2000))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_some_mail(raw: bytes) -> None:
    assert classify(read(raw), at=TUESDAY).kind in Kind


@given(
    st.lists(st.sampled_from(PIECES), max_size=20),
    st.sampled_from(["Auto-Submitted: auto-replied", "X-Failed-Recipients: a@b.example", "Subject: Undeliverable", ""]),
    st.sampled_from(["text/plain", "multipart/report; boundary=x", "text/calendar; method=REPLY", "message/rfc822"]),
)
@settings(max_examples=150, deadline=None)
def test_any_mixture_of_signs_is_some_mail(words: list[str], header: str, kind: str) -> None:
    raw = f"{header}\nContent-Type: {kind}\n\n{' '.join(words)}".lstrip("\n").encode()
    answer = classify(read(raw), at=TUESDAY)
    assert 0 <= answer.confidence <= 100
    assert len(answer.words) <= 300


@given(st.text(max_size=500), st.text(max_size=100))
@settings(max_examples=150, deadline=None)
def test_the_same_words_are_always_the_same(text: str, subject: str) -> None:
    mail = Mail(text=text, subject=subject)
    assert classify(mail, at=TUESDAY) == classify(mail, at=TUESDAY)
