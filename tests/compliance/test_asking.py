"""What a question to the door names: everything by which a halt or a stop could hold it."""

import pytest

from compliance import addresses, suppression
from compliance.asking import Ask


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
