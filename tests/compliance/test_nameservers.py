"""DNS says what is there, or that nothing is; whoever does not answer, in time or at all, has said neither."""

import contextlib
import socket
from collections.abc import Callable
from typing import Any

import pytest

from compliance.nameservers import BadName, Nameservers, Silent
from tests.domain_of_ours import OURS, sound, with_spf
from tests.nameserver import Records

Start = Callable[[Records], None]


def test_a_long_text_comes_in_one_piece(nameserver: Start) -> None:
    nameserver(with_spf("x" * 600))
    assert Nameservers().texts(OURS) == ["x" * 600]


def test_a_name_without_texts_has_none(nameserver: Start) -> None:
    nameserver(sound())
    assert Nameservers().texts("mail.ours.example.com") == []


def test_a_name_that_is_not_there_has_none_either_and_does_not_exist(nameserver: Start) -> None:
    nameserver(sound())
    asked = Nameservers()
    assert (asked.texts("nobody.example.com"), asked.exists("nobody.example.com")) == ([], False)


def test_a_name_with_other_records_alone_exists(nameserver: Start) -> None:
    nameserver(sound())
    assert Nameservers().exists("mail.ours.example.com")


def test_hosts_come_without_their_final_dot(nameserver: Start) -> None:
    nameserver(sound())
    assert Nameservers().exchanges(OURS) == ["mail.ours.example.com"]


def test_a_server_that_fails_has_not_answered(nameserver: Start) -> None:
    nameserver(Records(broken=[OURS]))
    with pytest.raises(Silent):
        Nameservers().texts(OURS)


def test_a_server_that_refuses_has_not_answered(nameserver: Start) -> None:
    nameserver(sound())
    with pytest.raises(Silent):
        Nameservers().texts("ours.example.org")


def test_a_server_that_says_nothing_has_not_answered(silence: None) -> None:
    with pytest.raises(Silent, match=f"TXT {OURS}"):
        Nameservers().texts(OURS)


def test_whoever_has_kept_us_waiting_too_long_in_all_is_asked_no_more(settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("compliance.nameservers._PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr("compliance.nameservers._BUDGET_SECONDS", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.setblocking(False)
        settings.DNS_SERVERS = [silent.getsockname()]
        asked, questions = Nameservers(), []
        for name in ("first", "late"):
            with pytest.raises(Silent):
                asked.texts(f"{name}.example.com")
        with contextlib.suppress(BlockingIOError):
            while True:
                questions.append(silent.recv(512))
        assert questions
        assert not [one for one in questions if b"late" in one]


@pytest.mark.parametrize("name", ["a..example.com", f"{'a' * 64}.example.com", "a." * 130 + "com"])
def test_what_can_be_no_name_is_refused(nameserver: Start, name: str) -> None:
    nameserver(sound())
    with pytest.raises(BadName):
        Nameservers().texts(name)
