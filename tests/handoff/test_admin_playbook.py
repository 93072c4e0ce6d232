"""The playbook's pages: a version is loaded from a file, read, signed and refused there."""

import html
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from compliance import playbook
from compliance.models import PlaybookVersion
from handoff import installing
from tests.compliance.agreed import agreed, proposed, signed
from tests.desk import open_row, page, sign_in, take
from tests.factories import playbook_loaded

pytestmark = pytest.mark.django_db
State = PlaybookVersion.State
EXAMPLE = installing.EXAMPLE.read_bytes()


def upload(client: Client, data: bytes) -> Any:
    file = SimpleUploadedFile("ours.toml", data, content_type="application/toml")
    return client.post(page(PlaybookVersion, "add"), {"file": file})


def shown(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_sales_ops_load_a_file_as_a_version_that_waits(client: Client) -> None:
    by = sign_in(client, "sales_ops")
    assert upload(client, EXAMPLE).status_code == 302
    row = PlaybookVersion.objects.get()
    assert (row.state, row.loaded_by, row.title) == (
        State.DRAFT,
        f"user:{by.pk}",
        "Example playbook: agree before use",
    )


def test_what_was_loaded_says_the_same_as_the_file(client: Client) -> None:
    sign_in(client, "sales_ops")
    upload(client, EXAMPLE)
    document = installing.read_playbook(installing.EXAMPLE).document
    assert PlaybookVersion.objects.get().digest == playbook.digest_of(document)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (EXAMPLE.replace(b'owner = "cro"', b'boss = "cro"'), "stages.sql.owner: missing"),
        (EXAMPLE.replace(b'owner = "cro"', b'boss = "cro"'), "stages.sql.boss: unknown key"),
        (b"<script>alert(1)</script>", "Invalid statement"),
        (b"x" * 1_000_001, "larger than"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_with_faults_is_not_stored_and_each_is_told(client: Client, data: bytes, says: str) -> None:
    sign_in(client, "sales_ops")
    response = upload(client, data)
    assert (response.status_code, PlaybookVersion.objects.count()) == (200, 0)
    assert says in shown(response)


def test_the_same_twice_is_refused_in_words(client: Client) -> None:
    sign_in(client, "sales_ops")
    upload(client, EXAMPLE)
    response = client.get(upload(client, EXAMPLE).url)
    assert "already says exactly this" in shown(response)
    assert PlaybookVersion.objects.count() == 1


@pytest.mark.parametrize("role", ["content", "cmo", "cro", "rep", "legal", "chief_of_staff"])
def test_nobody_else_loads_one(client: Client, role: str) -> None:
    sign_in(client, role)
    assert (upload(client, EXAMPLE).status_code, PlaybookVersion.objects.count()) == (403, 0)


def test_two_signatures_on_its_page_put_it_in_force(client: Client) -> None:
    row = proposed()
    for role, arrow in (("cmo", "sign_cmo"), ("cro", "sign_cro")):
        sign_in(client, role)
        assert take(client, row, arrow).status_code == 302
    assert (playbook.active().pk, playbook.is_example()) == (row.pk, False)


def test_a_signature_on_something_else_is_refused(client: Client) -> None:
    row = proposed()
    sign_in(client, "cmo")
    response = take(client, row, "sign_cmo", digest="0" * 64)
    assert response.status_code == 409
    assert "not the one that would be signed" in shown(response)


@pytest.mark.parametrize("role", ["content", "cro", "sales_ops", "legal", "chief_of_staff"])
def test_who_is_not_the_cmo_does_not_sign_for_them(client: Client, role: str) -> None:
    row = proposed()
    sign_in(client, role)
    assert take(client, row, "sign_cmo").status_code == 409
    assert PlaybookVersion.objects.get(pk=row.pk).state == State.DRAFT


def test_the_page_says_why_somebody_may_not_sign(client: Client) -> None:
    by = sign_in(client, "root")
    assert "Who loads a playbook does not sign it" in html.unescape(open_row(client, proposed(by=by)))


def test_the_page_shows_what_it_says_and_what_changes(client: Client) -> None:
    agreed()
    sign_in(client, "cro")
    said = html.unescape(open_row(client, proposed("Next", mql=_SHORTER)))
    assert "Executive sponsor reachable" in said
    assert "<del>90</del><ins>80</ins>" in said


def test_the_page_shows_who_signed(client: Client) -> None:
    row = signed(proposed(), "cmo")
    sign_in(client, "cro")
    assert "CMO" in open_row(client, row)
    assert row.digest[:12] in open_row(client, row)


def test_an_example_says_that_nobody_agreed_to_it(client: Client) -> None:
    row = playbook_loaded()
    sign_in(client, "chief_of_staff")
    assert "example, not agreed" in open_row(client, row)


def test_the_list_says_what_is_in_force_and_agreed(client: Client) -> None:
    agreed()
    sign_in(client, "chief_of_staff")
    said = client.get(page(PlaybookVersion, "changelist")).content.decode()
    assert "in force" in said
    assert "by CMO and CRO" in said


def test_hostile_words_are_shown_as_words(client: Client) -> None:
    hostile = "<script>alert(1)</script>"
    sign_in(client, "cmo")
    playbook_loaded()
    said = open_row(client, proposed(hostile, people={"cro": hostile}))
    assert hostile not in said
    assert html.escape(hostile) in said


_SHORTER = {"signal_days": 80, "stale_days": 60, "classify_within": "1 business day"}
