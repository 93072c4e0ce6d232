"""An act in a real browser: by keyboard, through the dialog, and without any script."""

import pytest
from playwright.sync_api import expect

from sequences.models import TemplateVersion
from tests.browser.conftest import SitDown
from tests.cast import PASSWORD, TUESDAY
from tests.factories import UserFactory, submitted_text
from tests.phone import code_of, paired

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
State = TemplateVersion.State


def test_the_cmo_signs_from_the_first_page_with_the_keyboard_alone(sit_down: SitDown) -> None:
    submitted_text(TUESDAY)
    desk = sit_down("cmo")
    desk.visit("/admin/")
    desk.page.get_by_role("link", name="Approve the messaging (CMO)").press("Enter")
    desk.page.get_by_role("link", name="Approve the messaging (CMO)").press("Enter")
    expect(desk.page.get_by_role("heading", name="What the reader sees")).to_be_visible()
    desk.page.get_by_role("textbox", name="Comment (optional)").focus()
    desk.page.keyboard.type("Good.")
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_text("Done: Approve the messaging (CMO)")).to_be_visible()
    assert TemplateVersion.objects.get().state == State.MESSAGING_APPROVED
    assert desk.complaints == []


def test_escape_closes_the_dialog_and_gives_the_focus_back(sit_down: SitDown) -> None:
    text = submitted_text(TUESDAY)
    desk = sit_down("cmo")
    desk.visit(f"/admin/sequences/templateversion/{text.pk}/change/")
    button = desk.page.get_by_role("button", name="Reject, with a comment")
    button.press("Space")
    expect(desk.page.get_by_role("dialog")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_role("dialog")).to_be_hidden()
    expect(button).to_be_focused()


def test_a_rejection_without_a_comment_stays_in_the_dialog(sit_down: SitDown) -> None:
    text = submitted_text(TUESDAY)
    desk = sit_down("cmo")
    desk.visit(f"/admin/sequences/templateversion/{text.pk}/change/")
    desk.page.get_by_role("button", name="Reject, with a comment").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Reject, with a comment").click()
    expect(dialog).to_be_visible()
    assert TemplateVersion.objects.get().state == State.SUBMITTED


def test_an_act_pressed_twice_is_taken_once(sit_down: SitDown) -> None:
    text = submitted_text(TUESDAY)
    desk = sit_down("cmo")
    desk.visit(f"/admin/sequences/templateversion/{text.pk}/change/")
    desk.page.get_by_role("link", name="Approve the messaging (CMO)").click()
    desk.page.get_by_role("button", name="Approve the messaging (CMO)").dblclick()
    expect(desk.page.get_by_text("Done: Approve the messaging (CMO)")).to_be_visible()


def test_an_act_is_taken_without_any_script(sit_down: SitDown) -> None:
    text = submitted_text(TUESDAY)
    desk = sit_down("cmo", scripts=False)
    desk.page.goto(f"{desk.address}/admin/sequences/templateversion/{text.pk}/change/")
    desk.page.get_by_role("link", name="Approve the messaging (CMO)").click()
    desk.page.get_by_role("button", name="Approve the messaging (CMO)").click()
    expect(desk.page.get_by_text("Done: Approve the messaging (CMO)")).to_be_visible()
    assert TemplateVersion.objects.get().state == State.MESSAGING_APPROVED


def test_the_author_reads_the_reason_instead_of_a_button(sit_down: SitDown) -> None:
    author = paired(UserFactory(username="jonah", roles=["content", "cmo"]))
    text = submitted_text(TUESDAY, author=author)
    desk = sit_down()
    desk.visit(f"/admin/sequences/templateversion/{text.pk}/change/")
    desk.page.get_by_label("Username").fill("jonah")
    desk.page.get_by_label("Password").fill(PASSWORD)
    desk.page.get_by_role("button", name="Log in").click()
    desk.page.get_by_label("Code from your authenticator app").fill(code_of(author))
    desk.page.get_by_role("button", name="Log in").click()
    expect(desk.page.get_by_text("Who wrote or edited a text does not sign it.").first).to_be_visible()
    assert desk.page.get_by_role("link", name="Approve the messaging (CMO)").count() == 0


def test_the_preview_can_be_seen_as_plain_text(sit_down: SitDown) -> None:
    text = submitted_text(TUESDAY)
    desk = sit_down("cmo")
    desk.visit(f"/admin/sequences/templateversion/{text.pk}/change/")
    frame = desk.page.frame_locator("iframe")
    expect(frame.get_by_text("Hi Ada,")).to_be_visible()
    desk.page.get_by_label("Plain text").check()
    expect(desk.page.locator("pre.ho-text")).to_be_visible()
    assert desk.complaints == []
