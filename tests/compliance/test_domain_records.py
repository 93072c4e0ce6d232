"""DKIM keys, DMARC policies, mail hosts: what is sound, what is worth saying, what receivers hold against us."""

from collections.abc import Callable

import pytest

from compliance import domain_records
from compliance.nameservers import Nameservers
from tests.domain_of_ours import DMARC, OURS, SELECTOR, key, sound, with_dmarc, with_exchanges, with_key
from tests.nameserver import Records

Start = Callable[[Records], None]
ED25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def keys(*selectors: str) -> list[str]:
    return [found.code for found in domain_records.dkim(OURS, selectors, Nameservers())]


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (lambda: [key()], "dkim_good"),
        (lambda: [key().removeprefix("v=DKIM1; ")], "dkim_good"),
        (lambda: [ED25519], "dkim_good"),
        (lambda: [f"{key()}; t=y"], "dkim_on_trial"),
        (lambda: [key(1024)], "dkim_short"),
        (lambda: ["v=DKIM1; k=rsa; p="], "dkim_revoked"),
        (lambda: ["v=DKIM1; k=rsa"], "dkim_malformed"),
        (lambda: ["v=DKIM2; p=abc"], "dkim_malformed"),
        (lambda: ["v=DKIM1; p=no key at all"], "dkim_malformed"),
        (lambda: ["v=DKIM1; p=QUJDRA=="], "dkim_malformed"),
        (lambda: [ED25519.replace("=11qY", "=")], "dkim_malformed"),
        (lambda: [key(), ED25519], "dkim_several"),
        (list, "dkim_missing"),
    ],
)
def test_a_key(nameserver: Start, records: Callable[[], list[str]], code: str) -> None:
    nameserver(with_key(*records()))
    assert keys(SELECTOR) == [code]


def test_without_a_selector_it_is_said_and_held_against_nobody(nameserver: Start) -> None:
    nameserver(sound())
    assert keys() == ["dkim_not_told"]


def test_every_selector_is_looked_at(nameserver: Start) -> None:
    nameserver(sound())
    assert keys(SELECTOR, "s2") == ["dkim_good", "dkim_missing"]


def policy() -> str:
    return domain_records.dmarc(OURS, Nameservers()).code


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([DMARC], "dmarc_good"),
        (["v=DMARC1; p=reject"], "dmarc_good"),
        (["v=DMARC1; p=none"], "dmarc_without_reports"),
        (["v=DMARC1; rua=mailto:a@example.com"], "dmarc_malformed"),
        (["v=DMARC1; p=perhaps"], "dmarc_malformed"),
        (["v=spf1 -all"], "dmarc_missing"),
        ([DMARC, "v=DMARC1; p=reject"], "dmarc_several"),
        ([], "dmarc_missing"),
    ],
)
def test_a_policy(nameserver: Start, records: list[str], code: str) -> None:
    nameserver(with_dmarc(*records))
    assert policy() == code


@pytest.mark.parametrize(
    ("at", "record", "code"),
    [
        ("example.com", "v=DMARC1; p=reject", "dmarc_of_parent"),
        ("example.com", "v=DMARC1; p=reject; sp=none", "dmarc_without_reports"),
        ("com", "v=DMARC1; p=reject", "dmarc_missing"),
    ],
)
def test_a_policy_of_whom_the_domain_belongs_to(nameserver: Start, at: str, record: str, code: str) -> None:
    nameserver(with_dmarc(record, at=at))
    assert policy() == code


def replies() -> str:
    return domain_records.replies(OURS, Nameservers()).code


@pytest.mark.parametrize(
    ("hosts", "addresses", "code"),
    [
        (["mail.example.com"], ["mail.example.com"], "mx_good"),
        (["gone.example.com", "mail.example.com"], ["mail.example.com"], "mx_good"),
        (["gone.example.com"], [], "mx_leads_nowhere"),
        (["."], [], "mx_null"),
        ([], [OURS], "mx_implied"),
        ([], [], "mx_missing"),
    ],
)
def test_where_replies_go(nameserver: Start, hosts: list[str], addresses: list[str], code: str) -> None:
    nameserver(with_exchanges(*hosts, addresses=addresses))
    assert replies() == code
