"""A row whose address imitates somebody who may not be written to is kept out, and says as whom it reads."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance import erasing, suppression
from compliance.models import AuditEntry, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from sequences.imports import reasons
from sequences.models import Contact
from tests.cast import TUESDAY
from tests.factories import card_of
from tests.sequences.imports.conftest import ADA, Desk

pytestmark = pytest.mark.django_db

# FT-58: Cyrillic, full-width, zero-width, bidirectional, mixed scripts, A-labels, and the one kind that is an address.
KINDS = [
    "\u0430da@pumps.example.com",
    "ada\uff20pumps.example.com",
    "a\u200bda@pumps.example.com",
    "ada@\u202epumps.example.com",
    "\u0430d\u03b1@pumps.example.com",
    "ada@pum\u0440s.example.com",
    "ada@xn--pums-i6d.example.com",
    "ada@pump\ua731.example.com",
    "\u0251da@pumps.example.com",
    "ada@ex\u0251mple.example",
]
ALPHA = ("ada@ex\u0251mple.example", *ADA[1:])
IMITATES = ("look_alike", "looks_suppressed", "address")


def kind(text: str) -> tuple[str, ...]:
    return (text, *ADA[1:])


def domain_stopped(domain: str) -> None:
    suppression.stop_domain(domain, Stop(SuppressionReason.LEGAL_DEMAND), by=SYSTEM, at=TUESDAY)


@pytest.mark.parametrize("text", KINDS)
class TestEveryKind:
    def test_is_kept_out_for_whom_it_imitates(self, desk: Desk, stop: Callable[[str], None], text: str) -> None:
        stop("ada@pumps.example.com")
        stop("ada@example.example")
        assert desk.verdict(*kind(text)) == IMITATES

    def test_is_kept_out_for_the_domain_it_imitates(self, desk: Desk, text: str) -> None:
        domain_stopped("pumps.example.com")
        domain_stopped("example.example")
        assert desk.verdict(*kind(text)) == IMITATES

    def test_stores_nobody(self, desk: Desk, stop: Callable[[str], None], text: str) -> None:
        stop("ada@pumps.example.com")
        stop("ada@example.example")
        desk.load(kind(text))
        assert not Contact.objects.exists()


@pytest.mark.parametrize("text", KINDS[:-2])
def test_what_imitates_nobody_we_know_is_held_as_before(desk: Desk, stop: Callable[[str], None], text: str) -> None:
    stop("grace@pumps.example.com")
    verdict = desk.verdict(*kind(text))
    assert verdict[0] in {"look_alike", "new"}
    assert verdict[1] != "looks_suppressed"


def test_plain_letters_that_look_alike_are_two_people(desk: Desk, stop: Callable[[str], None]) -> None:
    stop("rnary10@pumps.example.com")
    domain_stopped("rnodern.example")
    assert desk.verdict("mary1O@pumps.example.com", *ADA[1:])[0] == "new"
    assert desk.verdict("mary@modern.example", *ADA[1:])[0] == "new"


def test_digits_and_letters_are_taken_for_each_other_where_something_is_not_plain(
    desk: Desk, stop: Callable[[str], None]
) -> None:
    stop("bill10@pumps.example.com")
    assert desk.verdict("bi1110@pum\u0440s.example.com", *ADA[1:]) == IMITATES


def test_somebody_erased_is_not_brought_back_by_an_imitation(desk: Desk) -> None:
    erasing.erase(card_of(ADA[0]), by=SYSTEM, at=TUESDAY)
    assert desk.verdict(*kind(KINDS[0])) == IMITATES


def test_whoever_is_stopped_themselves_is_said_to_be(desk: Desk, stop: Callable[[str], None]) -> None:
    stop(ALPHA[0])
    stop("ada@example.example")
    assert desk.verdict(*ALPHA)[:2] == ("suppressed", "suppressed")


class TestThePerson:
    def test_is_told_as_what_the_address_reads(self, desk: Desk, stop: Callable[[str], None]) -> None:
        stop(ADA[0])
        (one,) = desk.verdicts(desk.file(kind(KINDS[0])))
        said = "The address imitates another one, or a domain, that may not be written to."
        assert reasons.told(one) == f"{said} It reads as {ADA[0]}."

    def test_is_told_the_domain_where_that_is_stopped(self, desk: Desk) -> None:
        domain_stopped("example.example")
        (one,) = desk.verdicts(desk.file(ALPHA))
        assert reasons.told(one).endswith("It reads as @example.example.")

    def test_is_told_as_what_any_look_alike_reads(self, desk: Desk) -> None:
        (one,) = desk.verdicts(desk.file(kind(KINDS[0])))
        said = "The address holds letters that imitate others. It reads as ada@pumps.example.com."
        assert reasons.told(one) == said

    def test_learns_nothing_but_what_the_row_says(self, desk: Desk, stop: Callable[[str], None]) -> None:
        stop("bill10@pumps.example.com")
        (one,) = desk.verdicts(desk.file(kind("bi1110@pum\u0440s.example.com")))
        assert one.reading == "bi1110@pumps.example.com"

    def test_sees_it_on_the_page_and_in_the_file_of_rows_not_taken(
        self, desk: Desk, stop: Callable[[str], None], client: Client
    ) -> None:
        stop(ADA[0])
        client.force_login(desk.lena)
        content = desk.file(kind(KINDS[0])).read_bytes()
        told = {"preset": "", "basis": "consent", "file": SimpleUploadedFile("people.csv", content)}
        client.post(reverse("admin:sequences_recipientlist_import", args=[desk.recipients.pk]), told)
        page = client.get(reverse("admin:sequences_recipientlist_import_preview", args=[desk.recipients.pk]))
        assert "It reads as ada@pumps.example.com." in page.content.decode()


class TestWhatIsKept:
    def test_says_so_without_an_address(self, desk: Desk, stop: Callable[[str], None]) -> None:
        stop(ADA[0])
        run = desk.load(kind(KINDS[0]))
        (finding,) = run.findings
        assert (finding["code"], finding["field"]) == ("looks_suppressed", "address")
        assert "pumps" not in str(finding)

    def test_that_it_was_tried_stands_beside_the_stop(self, desk: Desk, stop: Callable[[str], None]) -> None:
        stop(ADA[0])
        desk.load(kind(KINDS[0]))
        entry = AuditEntry.objects.get(verb="suppression.imitated")
        assert entry.subject == f"compliance.suppression:{Suppression.objects.get().pk}"
        assert not AuditEntry.objects.filter(verb="suppression.kept").exists()


def test_a_file_of_plain_addresses_is_asked_nothing_more(desk: Desk) -> None:
    rows = [(f"p{number}@pumps.example.com", *ADA[1:]) for number in range(3)]
    path = desk.file(*rows, ("nonsense", *ADA[1:]))
    with CaptureQueriesContext(connection) as asked:
        desk.verdicts(path)
    about = [query["sql"] for query in asked if 'FROM "compliance_suppressiondigest"' in query["sql"]]
    assert len(about) == 1
