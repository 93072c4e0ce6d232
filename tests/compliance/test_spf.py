"""SPF as a receiver follows it: one record, ten lookups, somebody who may send and not everybody (RFC 7208)."""

from collections.abc import Callable

import pytest

from compliance import spf
from compliance.findings import Weight
from compliance.nameservers import Nameservers, Silent
from tests.domain_of_ours import OURS, SPF, sound, with_spf
from tests.nameserver import Records

Start = Callable[[Records], None]
THEM = "them.example.com"


def said(domain: str = OURS) -> str:
    return spf.look(domain, Nameservers()).code


def test_a_sound_record_is_found_among_other_texts(nameserver: Start) -> None:
    nameserver(sound())
    assert spf.look(OURS, Nameservers()).as_data() == {
        "code": "spf_good",
        "weight": Weight.GOOD,
        "name": OURS,
        "found": SPF,
    }


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([], "spf_missing"),
        (["v=spf10 ip4:192.0.2.1 -all"], "spf_missing"),
        ([SPF, "v=spf1 -all"], "spf_several"),
        (["V=SPF1 IP4:192.0.2.25 -ALL"], "spf_good"),
        (["v=spf1 +all"], "spf_passes_everybody"),
        (["v=spf1 ip4:192.0.2.25 all"], "spf_passes_everybody"),
        (["v=spf1 ip4:0.0.0.0/0 -all"], "spf_passes_everybody"),
        (["v=spf1 -all"], "spf_permits_nobody"),
        (["v=spf1 ~ip4:192.0.2.25 -all"], "spf_permits_nobody"),
        (["v=spf1 mx a:mail.ours.example.com/32 ~all"], "spf_good"),
        (["v=spf1 ip6:2001:db8::/32 -all"], "spf_good"),
        (["v=spf1 ip4:2001:db8::1 -all"], "spf_malformed"),
        (["v=spf1 ip4:192.0.2.999 -all"], "spf_malformed"),
        (["v=spf1 ipv4:192.0.2.1 -all"], "spf_malformed"),
        (["v=spf1 include: -all"], "spf_malformed"),
        (["v=spf1 exists:%{i}._spf.example.com -all"], "spf_good"),
        (["v=spf1 include:nobody.example.com -all"], "spf_leads_nowhere"),
        (["v=spf1 redirect=nobody.example.com"], "spf_leads_nowhere"),
        (["v=spf1 ip4:192.0.2.25 -all redirect=nobody.example.com"], "spf_good"),
        ([f"v=spf1 include:{OURS} -all"], "spf_too_many_lookups"),
        (["v=spf1 a:a.example.com a:b.example.com a:c.example.com ip4:192.0.2.1 -all"], "spf_too_many_void"),
        (["v=spf1 a:a.example.com a:b.example.com ip4:192.0.2.1 -all"], "spf_good"),
    ],
)
def test_a_record_of_our_own(nameserver: Start, records: list[str], code: str) -> None:
    nameserver(with_spf(*records))
    assert said() == code


@pytest.mark.parametrize(
    ("theirs", "code"),
    [
        ("v=spf1 ip4:192.0.2.25 ~all", "spf_good"),
        ("v=spf1 -all", "spf_permits_nobody"),
        ("v=spf1 +all", "spf_passes_everybody"),
        ("v=spf1 nonsense -all", "spf_malformed"),
    ],
)
@pytest.mark.parametrize("way", ["include:{them} -all", "redirect={them}"])
def test_a_record_that_leads_to_another_one(nameserver: Start, way: str, theirs: str, code: str) -> None:
    nameserver(with_spf("v=spf1 " + way.format(them=THEM), beside={THEM: [theirs]}))
    assert said() == code


@pytest.mark.parametrize(("count", "code"), [(10, "spf_good"), (11, "spf_too_many_lookups")])
def test_ten_lookups_are_followed_and_not_one_more(nameserver: Start, count: int, code: str) -> None:
    beside = {f"i{number}.example.com": [SPF] for number in range(count)}
    nameserver(with_spf("v=spf1 " + " ".join(f"include:{name}" for name in beside) + " -all", beside=beside))
    assert said() == code


def test_nobody_who_answers_is_not_a_record_that_is_missing(silence: None) -> None:
    with pytest.raises(Silent):
        said()
