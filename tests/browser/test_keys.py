"""The queue of answers in a real browser: one key a mail, only where the keys belong, and without any script."""

import pytest
from playwright.sync_api import expect

from compliance.admin_pages import page_of
from compliance.audit import reference
from sequences.models import Contact, InboundMessage
from tests.browser.conftest import SitDown
from tests.sequences.answers import Verdict, again, answered, sent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def two_mails(browser: object) -> list[InboundMessage]:
    """Two people have answered, and nobody knows what."""
    sent(people=2)
    return [answered(Verdict.OTHER, of=contact) for contact in Contact.objects.order_by("pk")]


def test_two_keys_settle_two_mails(sit_down: SitDown, two_mails: list[InboundMessage]) -> None:
    first, second = two_mails
    desk = sit_down("rep")
    desk.visit(page_of(reference(first)))
    expect(desk.page.locator("[data-keys]")).to_be_focused()
    desk.page.keyboard.press("3")
    expect(desk.page).to_have_url(desk.address + page_of(reference(second)))
    expect(desk.page.locator("[data-keys]")).to_be_focused()
    desk.page.keyboard.press("2")
    expect(desk.page.get_by_text("Done: Say what it is")).to_be_visible()
    assert [again(row).verdict for row in two_mails] == ["negative", "neutral"]
    assert desk.complaints == []


def test_a_number_written_elsewhere_is_a_number(sit_down: SitDown, two_mails: list[InboundMessage]) -> None:
    desk = sit_down("rep")
    desk.visit(page_of(reference(two_mails[0])))
    desk.page.get_by_role("button", name="Say what it is").click()
    desk.page.get_by_role("dialog").get_by_role("textbox", name="Comment").press("4")
    assert again(two_mails[0]).state == InboundMessage.State.WAITING


def test_a_button_works_without_any_script(sit_down: SitDown, two_mails: list[InboundMessage]) -> None:
    desk = sit_down("rep", scripts=False)
    desk.page.goto(desk.address + page_of(reference(two_mails[0])))
    desk.page.locator('button[value="positive"]').click()
    assert again(two_mails[0]).verdict == "positive"
