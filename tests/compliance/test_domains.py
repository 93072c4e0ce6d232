"""A sending domain passes or fails by what DNS says; silence keeps the last verdict, for a while."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import Error, transaction

from compliance import domains
from compliance.findings import Finding, Weight
from compliance.models import AuditEntry, DomainCheck, DomainVerdict, SendingDomain
from compliance.principals import SYSTEM
from tests.cast import TUESDAY
from tests.domain_of_ours import OURS, SELECTOR, sound, with_dmarc, with_exchanges, with_key, with_spf
from tests.nameserver import Records

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

Start = Callable[[Records], None]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PASSES, FAILS, UNKNOWN = DomainVerdict.PASSES, DomainVerdict.FAILS, DomainVerdict.UNKNOWN


@pytest.fixture
def ours() -> SendingDomain:
    return SendingDomain.objects.create(domain=OURS, selectors=SELECTOR, created_at=TUESDAY)


def checked(at: datetime = TUESDAY) -> SendingDomain:
    return domains.check(SendingDomain.objects.get(), by=SYSTEM, at=at).domain


def against() -> list[str]:
    return domains.against(DomainCheck.objects.latest("pk").findings)


def test_a_domain_with_everything_that_receivers_look_for_passes(nameserver: Start, ours: SendingDomain) -> None:
    nameserver(sound())
    assert checked().stands(TUESDAY) == PASSES
    codes = [one["code"] for one in DomainCheck.objects.get().findings]
    assert codes == ["spf_good", "dkim_good", "dmarc_good", "mx_good"]


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (lambda: with_spf(), "spf_missing"),
        (lambda: with_spf("v=spf1 -all", "v=spf1 mx -all"), "spf_several"),
        (lambda: with_spf("v=spf1 +all"), "spf_passes_everybody"),
        (lambda: with_spf(f"v=spf1 include:{OURS} -all"), "spf_too_many_lookups"),
        (lambda: with_dmarc(), "dmarc_missing"),
        (lambda: with_key("v=DKIM1; p="), "dkim_revoked"),
        (lambda: with_key(), "dkim_missing"),
        (lambda: with_exchanges("."), "mx_null"),
        (lambda: Records(), "domain_missing"),
    ],
)
def test_one_that_lacks_something_fails(
    nameserver: Start, ours: SendingDomain, records: Callable[[], Records], code: str
) -> None:
    nameserver(records())
    assert checked().stands(TUESDAY) == FAILS
    assert against() == [code]


def test_a_selector_that_nobody_told_is_said_and_not_held_against_it(nameserver: Start, ours: SendingDomain) -> None:
    SendingDomain.objects.update(selectors="")
    nameserver(sound())
    assert checked().stands(TUESDAY) == PASSES
    assert "dkim_not_told" in [one["code"] for one in DomainCheck.objects.get().findings]


@pytest.mark.parametrize("way", ["nobody", "servfail"])
def test_silence_is_no_verdict(request: pytest.FixtureRequest, ours: SendingDomain, way: str) -> None:
    if way == "nobody":
        request.getfixturevalue("silence")
    else:
        request.getfixturevalue("nameserver")(Records(broken=[OURS]))
    assert checked().stands(TUESDAY) == UNKNOWN
    assert (DomainCheck.objects.get().verdict, against()) == (UNKNOWN, ["dns_silent"])


@pytest.mark.parametrize("records", [sound, with_spf])
@pytest.mark.parametrize(("hours", "held"), [(47, True), (48, False)])
def test_it_keeps_the_last_verdict_for_two_days(
    nameserver: Start, ours: SendingDomain, records: Callable[[], Records], hours: int, held: bool
) -> None:
    nameserver(records())
    first = checked().stands(TUESDAY)
    nameserver(Records(broken=[OURS]))
    later = TUESDAY + hours * HOUR
    assert checked(later).stands(later) == (first if held else UNKNOWN)


def test_a_domain_that_begins_to_fail_is_noted_once(nameserver: Start, ours: SendingDomain) -> None:
    nameserver(sound())
    checked()
    nameserver(with_spf())
    checked(TUESDAY + HOUR)
    assert checked(TUESDAY + 2 * HOUR).failed_at == TUESDAY + HOUR
    (entry,) = AuditEntry.objects.filter(verb="sendingdomain.fails")
    assert entry.data["findings"] == ["spf_missing"]


def test_that_it_has_failed_is_remembered_when_it_passes_again(nameserver: Start, ours: SendingDomain) -> None:
    nameserver(with_spf())
    checked()
    nameserver(sound())
    row = checked(TUESDAY + HOUR)
    assert (row.stands(TUESDAY + HOUR), row.failed_at) == (PASSES, TUESDAY)


def test_an_older_look_that_comes_late_changes_nothing(nameserver: Start, ours: SendingDomain) -> None:
    nameserver(sound())
    checked(TUESDAY + HOUR)
    nameserver(with_spf())
    assert checked().verdict == PASSES
    assert DomainCheck.objects.count() == 2


def test_looks_are_kept_for_good(nameserver: Start, ours: SendingDomain) -> None:
    nameserver(sound())
    checked()
    with pytest.raises(Error, match="only grows"), transaction.atomic():
        DomainCheck.objects.update(verdict=FAILS)


def due(minutes: int) -> bool:
    return domains.most_due([OURS], TUESDAY + minutes * MINUTE) is not None


def test_one_that_passes_is_looked_at_every_hour(nameserver: Start, ours: SendingDomain) -> None:
    assert due(0)
    nameserver(sound())
    checked()
    assert (due(59), due(60)) == (False, True)


@pytest.mark.parametrize("records", [with_spf, lambda: Records(broken=[OURS])])
def test_one_that_does_not_every_ten_minutes(
    nameserver: Start, ours: SendingDomain, records: Callable[[], Records]
) -> None:
    nameserver(records())
    checked()
    assert (due(9), due(10)) == (False, True)


def test_whom_nobody_has_looked_at_comes_first_and_then_the_longest_ago() -> None:
    for name, hours in (("b.example.com", 2), ("a.example.com", 3), ("c.example.com", None)):
        looked = None if hours is None else TUESDAY - hours * HOUR
        SendingDomain.objects.create(domain=name, checked_at=looked, created_at=TUESDAY)
    names = {"a.example.com", "b.example.com", "c.example.com"}
    in_order = []
    while row := domains.most_due(names, TUESDAY):
        in_order.append(row.domain)
        names.remove(row.domain)
    assert in_order == ["c.example.com", "a.example.com", "b.example.com"]


def test_a_domain_is_expected_once() -> None:
    for _twice in range(2):
        domains.expect({OURS}, TUESDAY)
    assert SendingDomain.objects.count() == 1


def test_what_strangers_wrote_is_kept_short_and_without_what_does_not_print() -> None:
    kept = Finding("spf_good", Weight.GOOD, OURS, "v=spf1\x00\u202e" + "a" * 9000).as_data()
    assert kept["found"].startswith("v=spf1��aaa")
    assert len(kept["found"]) == 301
