"""Shows what a delivery report says of each recipient, however its writer folds and spells it (RFC 3464 §2.3)."""

import pytest

from sequences.classifier.delivery_status import number, recipients

REPORT = (
    "Reporting-MTA: dns; mx.example\n\nOriginal-Recipient: rfc822;ada@acme.example\n"
    "Final-Recipient: RFC822; <a@b.example>\n"
    "Action: Failed\nStatus: 5.1.1 (bad destination)\nDiagnostic-Code: smtp; 550 5.1.1\n  no such user\n"
)


def test_each_recipient_has_its_group() -> None:
    (row,) = recipients(REPORT)
    assert (row.original, row.address, row.action, row.status) == ("ada@acme.example", "a@b.example", "failed", "5.1.1")


def test_a_folded_answer_is_one_line() -> None:
    assert recipients(REPORT)[0].diagnostic == "550 5.1.1 no such user"


@pytest.mark.parametrize(("text", "status"), [("host [4.79.181.168] said 550", ""), ("said: 550 5.7.26 no", "5.7.26")])
def test_an_address_of_a_host_is_no_status(text: str, status: str) -> None:
    assert number(text) == status
