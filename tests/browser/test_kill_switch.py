"""The kill switch in a real browser: one press on any page, in light and dark, at a desk and on a phone."""

import pytest
from playwright.sync_api import expect

from compliance import halts
from compliance.models import Halt
from compliance.principals import SYSTEM
from tests.browser.conftest import Scheme, SitDown
from tests.browser.test_looks import findings
from tests.cast import TUESDAY
from tests.factories import MailboxFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BUTTON, BANNER = "Stop all sending", "All sending is stopped."


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_one_press_stops_everything_and_every_page_says_so(sit_down: SitDown, scheme: Scheme, size: str) -> None:
    desk = sit_down("rep", scheme=scheme, size=size)
    desk.visit("/admin/sequences/contact/")
    assert findings(desk) == []
    desk.page.get_by_role("button", name=BUTTON).click()
    expect(desk.page.get_by_text(BANNER)).to_be_visible()
    expect(desk.page.get_by_text("To start it again takes two people")).to_be_visible()
    assert findings(desk) == []
    assert Halt.objects.get().scope == halts.EVERYTHING
    for path in ("/admin/", "/admin/sequences/contact/", "/admin/compliance/halt/"):
        desk.visit(path)
        expect(desk.page.get_by_text(BANNER)).to_be_visible()
        assert desk.page.get_by_role("button", name=BUTTON).count() == 0
        assert findings(desk) + desk.complaints == []
        assert not desk.overflows()


def test_it_is_pressed_with_the_keyboard_and_without_any_script(sit_down: SitDown) -> None:
    desk = sit_down("content", scripts=False)
    desk.page.goto(f"{desk.address}/admin/")
    desk.page.get_by_role("button", name=BUTTON).press("Enter")
    expect(desk.page.get_by_text(BANNER)).to_be_visible()
    assert Halt.objects.exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mailbox_is_stopped_from_its_page_with_a_reason(sit_down: SitDown, scheme: Scheme) -> None:
    row = MailboxFactory()
    desk = sit_down("rep", scheme=scheme, size="phone")
    desk.visit(f"/admin/sequences/mailbox/{row.pk}/change/")
    desk.page.get_by_role("button", name=f"Stop Mailbox {row.address}").click()
    assert findings(desk) == []
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Comment").fill("Odd bounces.")
    dialog.get_by_role("button", name="Stop").click()
    expect(desk.page.get_by_text("stands still since").first).to_be_visible()
    assert Halt.objects.get().scope == row.key
    assert findings(desk) + desk.complaints == []
    assert not desk.overflows()


def test_two_people_start_again(sit_down: SitDown) -> None:
    row = halts.place(halts.EVERYTHING, Halt.Kind.KILL_SWITCH, "Odd replies.", by=SYSTEM, at=TUESDAY)
    first, second = sit_down("cro"), sit_down("sales_ops")
    for desk, act in ((first, "Ask to start again"), (second, "Confirm: start again")):
        desk.visit(f"/admin/compliance/halt/{row.pk}/change/")
        desk.page.get_by_role("button", name=act).click()
        dialog = desk.page.get_by_role("dialog")
        dialog.get_by_role("textbox", name="Comment").fill("The cause is mended.")
        dialog.get_by_role("button", name=act).click()
        expect(desk.page.get_by_text(f"Done: {act}")).to_be_visible()
    assert Halt.objects.get().state == Halt.State.LIFTED
    expect(second.page.get_by_role("button", name=BUTTON)).to_be_visible()
