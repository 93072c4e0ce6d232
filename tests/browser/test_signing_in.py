"""Signing in with a password and a second factor, in a real browser; the code in the middle of a signature."""

import re

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from tests.browser.conftest import Desk, Scheme, SitDown
from tests.browser.test_looks import findings
from tests.cast import PASSWORD, TUESDAY
from tests.factories import UserFactory, submitted_text
from tests.phone import code_for, code_of, paired

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _nobody_has_failed_before() -> None:
    cache.clear()


def give_password(desk: Desk, username: str) -> None:
    desk.visit("/admin/")
    assert _found(desk) == []
    desk.page.get_by_label("Username").fill(username)
    desk.page.get_by_label("Password").fill(PASSWORD)
    desk.page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_new_member_sets_up_a_factor_and_is_in(sit_down: SitDown, scheme: Scheme, size: str) -> None:
    UserFactory(username="maren", role="cmo")
    desk = sit_down(scheme=scheme, size=size)
    give_password(desk, "maren")
    expect(desk.page.get_by_role("heading", name="Set up your second factor")).to_be_visible()
    assert _found(desk) == []
    key = desk.page.get_by_text(re.compile("^[A-Z2-7]{32}$")).inner_text()
    desk.page.get_by_label("Type the six digits").fill(code_for(key))
    desk.page.get_by_role("button", name="Set it up").click()
    expect(desk.page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    assert _found(desk) == []
    desk.page.get_by_role("link", name="Go on").click()
    expect(desk.page.get_by_text("You are here as CMO.")).to_be_visible()
    desk.visit("/accounts/factor/")
    assert _found(desk) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_member_comes_in_with_a_code(sit_down: SitDown, scheme: Scheme) -> None:
    user = paired(UserFactory(username="maren", role="cmo"))
    desk = sit_down(scheme=scheme, size="phone")
    give_password(desk, "maren")
    field = desk.page.get_by_label("Code from your authenticator app")
    expect(field).to_be_focused()
    assert _found(desk) == []
    desk.page.keyboard.type(code_of(user))
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_text("You are here as CMO.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_code_in_the_middle_of_a_signature_loses_no_comment(sit_down: SitDown, scheme: Scheme) -> None:
    text = submitted_text(TUESDAY)
    desk = sit_down("cmo", scheme=scheme, size="phone", factor="stale")
    desk.visit(f"/admin/sequences/templateversion/{text.pk}/act/approve_messaging/")
    desk.page.get_by_role("textbox", name="Comment").fill("Just right.")
    desk.page.get_by_role("button", name="Approve the messaging (CMO)").click()
    expect(desk.page.get_by_role("heading", name="One more step")).to_be_visible()
    assert findings(desk) == []
    assert not desk.overflows()
    desk.complaints.clear()
    desk.page.get_by_label("Code from your authenticator app").fill(code_of(desk.user))
    desk.page.get_by_role("button", name="Go on").click()
    expect(desk.page.get_by_text("Done: Approve the messaging (CMO)")).to_be_visible()
    expect(desk.page.get_by_text("Just right.").first).to_be_visible()
    assert desk.complaints == []


def _found(desk: Desk) -> list[str]:
    return [*findings(desk), *(["too wide"] if desk.overflows() else []), *desk.complaints]
