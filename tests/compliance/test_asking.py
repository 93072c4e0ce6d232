"""What a question to the door names: everything by which a halt or a stop could hold it."""

import pytest

from compliance import addresses, suppression
from compliance.asking import Ask, Batch


@pytest.mark.parametrize(
    ("written", "stopped"),
    [("stra\u00dfe.de", "strasse.de"), ("mail.stra\u00dfe.de", "strasse.de"), ("googlemail.com", "gmail.com")],
)
def test_it_shares_the_lock_of_a_stop_for_another_reading_of_its_domain(written: str, stopped: str) -> None:
    ask = Ask(ref="1/1", address=addresses.parse(f"ada@{written}"))
    assert suppression.domain_scope(stopped) in ask.scopes


def test_it_names_its_domain_and_those_above_it_and_no_other() -> None:
    ask = Ask(ref="1/1", address=addresses.parse("ada@mail.pumps.example"), sending_domain="ours.example")
    theirs = {"recipient-domain:mail.pumps.example", "recipient-domain:pumps.example"}
    assert ask.scopes == {"sending-domain:ours.example", *theirs}


def test_what_rules_ask_of_a_batch_is_read_once_for_each_thing_that_is_given() -> None:
    read: list[tuple[int, str]] = []

    def counted(batch: Batch, word: str) -> str:
        read.append((len(batch), word))
        return word.upper()

    batch = Batch([Ask(ref="1/1", address=addresses.parse("ada@pumps.example"))])
    assert [batch.once(counted, word) for word in ("one", "one", "two")] == ["ONE", "ONE", "TWO"]
    assert read == [(1, "one"), (1, "two")]


def test_what_could_not_be_read_is_read_again_by_the_next_rule() -> None:
    tries: list[int] = []

    def fails_once(batch: Batch) -> str:
        tries.append(len(batch))
        if len(tries) == 1:
            raise LookupError
        return "read"

    batch = Batch()
    with pytest.raises(LookupError):
        batch.once(fails_once)
    assert (batch.once(fails_once), batch.once(fails_once), len(tries)) == ("read", "read", 2)
