"""The pages of the import: choose a file, see a verdict per row, confirm; rows not taken and contacts as files."""

import csv
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from import_export.results import RowResult
from openpyxl import load_workbook

from compliance import suppression
from compliance.models import AuditEntry, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from sequences.imports.files import opened
from sequences.imports.previewing import Plan
from sequences.imports.resources import RecipientResource
from sequences.models import Contact, ImportRun, RecipientList
from tests.cast import TUESDAY
from tests.factories import AccountFactory, ContactFactory, UserFactory, submitted_list
from tests.sequences.campaign import opt_out
from tests.sequences.imports import samples
from tests.sequences.imports.conftest import ADA, HEADER, Desk

pytestmark = pytest.mark.django_db

ROLE = ("info@pumps.example.com", "Info", "", "Pumps", "pumps")
FORMULA = '=HYPERLINK("https://harvest.example","click")'


@pytest.fixture
def browser(desk: Desk) -> Client:
    return _signed_in(desk.lena)


def test_the_form_is_shown(desk: Desk, browser: Client) -> None:
    page = browser.get(_url(desk))
    assert page.status_code == 200
    assert "Look at every row" in page.content.decode()


def test_an_upload_leads_to_its_preview_and_stores_nothing(desk: Desk, browser: Client) -> None:
    answer = _upload(browser, desk, desk.file(ADA, ROLE))
    assert answer["Location"] == _url(desk, "import_preview")
    assert not Contact.objects.exists()


def test_the_preview_shows_counts_and_reasons(desk: Desk, browser: Client) -> None:
    _upload(browser, desk, desk.file(ADA, ROLE))
    page = browser.get(_url(desk, "import_preview"))
    assert page.context["counts"] == [("new", 1, "good"), ("role address", 1, "bad")]
    assert "belongs to a role" in page.content.decode()
    assert not Contact.objects.exists()


def test_the_preview_shows_every_odd_row_before_many_plain_ones(desk: Desk, browser: Client) -> None:
    _upload(browser, desk, samples.FOLDER / samples.FILES[0])
    page = browser.get(_url(desk, "import_preview"))
    shown = [row["tone"] for row in page.context["rows"]]
    assert (shown.count("good"), len(shown)) == (20, 20 + 356 - 300)
    assert page.context["more"] == 280


def test_confirming_stores(desk: Desk, browser: Client) -> None:
    _upload(browser, desk, desk.file(ADA, ROLE))
    answer = browser.post(_url(desk, "import_preview"))
    assert answer["Location"] == _url(desk, "change")
    assert desk.people() == {ADA[0]}
    assert ImportRun.objects.get().by == desk.lena


def test_a_file_is_loaded_once(desk: Desk, browser: Client) -> None:
    _upload(browser, desk, desk.file(ADA))
    browser.post(_url(desk, "import_preview"))
    assert browser.post(_url(desk, "import_preview"))["Location"] == _url(desk)
    assert ImportRun.objects.count() == 1


def test_a_workbook_is_taken(desk: Desk, browser: Client) -> None:
    _upload(browser, desk, samples.FOLDER / "05-monday-prospects-board.xlsx")
    browser.post(_url(desk, "import_preview"))
    assert len(desk.people()) == 33


def test_columns_and_basis_told_on_the_form_count(desk: Desk, browser: Client) -> None:
    path = desk.file(ADA, header=("Wohin", "Rufname", "Sippe", "Laden", "Fach"))
    told = {"overrides": "address = Wohin\nfirst_name=Rufname\n", "basis": "consent"}
    _upload(browser, desk, path, **told)
    browser.post(_url(desk, "import_preview"))
    assert Contact.objects.values_list("first_name", "basis").get() == ("Ada", "consent")


def test_the_rows_not_taken_come_as_a_file_that_runs_nothing(desk: Desk, browser: Client) -> None:
    _upload(browser, desk, desk.file(ADA, ("info@pumps.example.com", "Info", "", FORMULA, "-")))
    (header, row) = _csv(browser.get(_url(desk, "import_rows")))
    assert header == ["row", "verdict", "reason", "about", *HEADER]
    assert row[:2] == ["3", "role address"]
    assert row[7] == "'" + FORMULA


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "submitted file is empty"),
        (b"\x00\x01\x02\xff" * 50, "the file cannot be read"),
        (b"First name,Last name\nAda,Byron\n", "a column is missing"),
        (b"Email,Name\nada@x.example.com," + b"x" * 200_000, "row 2, column 2"),
        (b"Email\n" + b"a@x.example.com\n" * 10_001, "import_recipients"),
    ],
    ids=["empty", "binary", "no address column", "large cell", "many people"],
)
def test_a_bad_file_is_told_beside_the_field(desk: Desk, browser: Client, content: bytes, said: str) -> None:
    page = browser.post(_url(desk), _form(SimpleUploadedFile("people.csv", content)))
    assert page.status_code == 200
    assert said in page.content.decode()


def test_a_file_that_is_too_large_is_told(desk: Desk, browser: Client) -> None:
    page = browser.post(_url(desk), _form(SimpleUploadedFile("people.csv", b"x" * (20 * 1024 * 1024 + 1))))
    assert "larger than 20 MB" in page.content.decode()


def test_a_line_that_names_no_column_is_told(desk: Desk, browser: Client) -> None:
    page = _upload(browser, desk, desk.file(ADA), overrides="address")
    assert "Write field = column" in page.content.decode()


def test_somebody_else_sees_nothing_of_an_upload(desk: Desk, browser: Client) -> None:
    _upload(browser, desk, desk.file(ADA))
    other = _signed_in(UserFactory(role="sales_ops"))
    assert other.get(_url(desk, "import_preview"))["Location"] == _url(desk)
    assert other.get(_url(desk, "import_rows")).status_code == 404


def test_an_upload_is_for_one_list_only(desk: Desk, browser: Client) -> None:
    _upload(browser, desk, desk.file(ADA))
    other = RecipientList.objects.create(
        name="Other", sequence_version=desk.recipients.sequence_version, author=desk.lena, created_at=TUESDAY
    )
    assert browser.post(reverse("admin:sequences_recipientlist_import_preview", args=[other.pk])).status_code == 302
    assert not Contact.objects.exists()


@pytest.mark.parametrize("role", ["cro", "cmo", "rep", "chief_of_staff"])
@pytest.mark.parametrize("view", ["import", "import_preview", "import_rows"])
def test_only_who_may_import_gets_in(desk: Desk, role: str, view: str) -> None:
    assert _signed_in(UserFactory(role=role)).get(_url(desk, view)).status_code == 403


def test_a_list_before_the_cro_is_closed_and_says_so(desk: Desk, browser: Client) -> None:
    row = submitted_list(TUESDAY, [ContactFactory()], desk.recipients.sequence_version)
    page = browser.get(reverse("admin:sequences_recipientlist_import", args=[row.pk]))
    assert 'data-code="list_closed"' in page.content.decode()


def test_a_list_that_is_submitted_after_the_preview_takes_nobody(desk: Desk, browser: Client) -> None:
    _upload(browser, desk, desk.file(ADA))
    RecipientList.objects.filter(pk=desk.recipients.pk).update(state=RecipientList.State.SUBMITTED)
    assert browser.post(_url(desk, "import_preview"))["Location"] == _url(desk)
    assert not Contact.objects.exists()


def test_there_is_no_page_for_a_list_that_is_not(desk: Desk, browser: Client) -> None:
    assert browser.get(reverse("admin:sequences_recipientlist_import", args=["none"])).status_code == 404


def test_the_resource_tells_each_row_as_import_export_does(desk: Desk) -> None:
    path = desk.file(ADA, ROLE, ("nobody at all", "N", "N", "N", "N"))
    plan = Plan(version=desk.recipients.sequence_version)
    result = RecipientResource().import_data(
        opened(path, name="x"), dry_run=True, plan=plan, at=TUESDAY, plain=9, others=9
    )
    assert [row.import_type for row in result] == [
        RowResult.IMPORT_TYPE_NEW,
        RowResult.IMPORT_TYPE_SKIP,
        RowResult.IMPORT_TYPE_INVALID,
    ]
    assert result.total_rows == 3


def test_contacts_are_exported_with_formulas_made_harmless(browser: Client) -> None:
    _hostile()
    header, row = _csv(_export(browser, 0))
    assert row[header.index("Company")] == "'" + FORMULA


def test_a_workbook_of_contacts_holds_text_where_a_formula_was(browser: Client) -> None:
    _hostile()
    sheet = load_workbook(BytesIO(_export(browser, 1).content)).active
    assert sheet
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds


def test_an_export_read_back_changes_nothing(desk: Desk, browser: Client) -> None:
    _hostile()
    before = list(Contact.objects.values())
    path = desk.folder / "export.csv"
    path.write_bytes(_export(browser, 0).content)
    assert [one.verdict for one in desk.verdicts(path)] == ["unchanged"]
    desk.store(path)
    assert list(Contact.objects.values()) == before


def test_an_export_is_logged(desk: Desk, browser: Client) -> None:
    _hostile()
    _export(browser, 0)
    (entry,) = AuditEntry.objects.filter(verb="personal.exported")
    assert (entry.actor, entry.data["rows"]) == (f"user:{desk.lena.pk}", 1)


def test_nobody_who_was_stopped_is_carried_out(browser: Client) -> None:
    kept, stopped, colleague, former = ContactFactory.create_batch(4)
    opt_out(stopped.address)
    reason = Stop(SuppressionReason.BY_HAND)
    suppression.stop_company(colleague.company, [], reason, by=SYSTEM, at=TUESDAY)
    suppression.stop_domain(former.address.partition("@")[2], reason, by=SYSTEM, at=TUESDAY)
    header, *rows = _csv(_export(browser, 0))
    assert [row[header.index("Email")] for row in rows] == [kept.address]
    assert AuditEntry.objects.get(verb="personal.exported").data["rows"] == 1


def test_who_may_only_look_exports_nothing(desk: Desk) -> None:
    assert _signed_in(UserFactory(role="rep")).get(reverse("admin:sequences_contact_export")).status_code == 403


def test_the_list_of_contacts_offers_the_export(desk: Desk, browser: Client) -> None:
    page = browser.get(reverse("admin:sequences_contact_changelist"))
    assert reverse("admin:sequences_contact_export") in page.content.decode()


def _hostile() -> None:
    account = AccountFactory(name=FORMULA, domain="pumps.example.com")
    ContactFactory(address="ada@pumps.example.com", account=account, title="+1 (555) sales")


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _url(desk: Desk, view: str = "import") -> str:
    return reverse(f"admin:sequences_recipientlist_{view}", args=[desk.recipients.pk])


def _form(file: object, **told: str) -> dict[str, object]:
    return {"preset": "", "basis": "legitimate_interest", "overrides": "", "file": file, **told}


def _upload(browser: Client, desk: Desk, path: Path, **told: str) -> HttpResponse:
    with path.open("rb") as file:
        answer: HttpResponse = browser.post(_url(desk), _form(file, **told))  # type: ignore[assignment]
    return answer


def _export(browser: Client, format_number: int) -> HttpResponse:
    form = {"format": str(format_number), "resource": "0"}
    answer: HttpResponse = browser.post(reverse("admin:sequences_contact_export"), form)  # type: ignore[assignment]
    return answer


def _csv(answer: Any) -> list[list[str]]:
    content: bytes = answer.getvalue()
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))
