"""Machines that follow links, with scripts, images and prefetching, change nothing; pressing the button does (FT-25).

The links are those of a real letter. Half a minute passes on the browser's own clock, which the test moves.
"""

import email
import email.policy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template.loader import render_to_string
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from compliance.models import AuditEntry, Decision, Heartbeat, Suppression
from sequences import letters, planner
from sequences.models import Contact, Enrollment, OutboundMessage
from tests.cast import TUESDAY
from tests.compliance.asking import stopped
from tests.sequences.campaign import message, under_way

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 844}
TABLES: tuple[Any, ...] = (AuditEntry, Contact, Decision, Enrollment, Heartbeat, OutboundMessage, Suppression)
SERIOUS = {"serious", "critical"}


@pytest.fixture
def links(live_server: LiveServer, settings: Settings) -> list[str]:
    """Every address at our host in one letter, header and both parts."""
    settings.PUBLIC_URL = live_server.url
    under_way()
    planner.plan_round(TUESDAY)
    letter: Any = email.message_from_bytes(letters.freeze(message(), TUESDAY), policy=email.policy.default)
    said = [str(letter["List-Unsubscribe"]), *(part.get_content() for part in letter.iter_parts())]
    found = [link for text in said for link in re.findall(rf"{re.escape(live_server.url)}/[^\s\"<>)]*", text)]
    assert len(found) >= 3
    return sorted(set(found))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    yield context
    context.close()


def state_of_the_world() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in TABLES]


def person_stopped() -> bool:
    return stopped(Contact.objects.get().address)


def findings(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in SERIOUS]


def test_a_scanner_that_runs_scripts_and_stays_half_a_minute_changes_nothing(
    context: BrowserContext, links: list[str]
) -> None:
    before = state_of_the_world()
    for link in links:
        page = context.new_page()
        page.clock.install()
        page.goto(link)
        page.clock.fast_forward(30_000)
        page.wait_for_load_state("networkidle")
        expect(page.get_by_role("button")).to_be_visible()
    assert state_of_the_world() == before
    assert context.cookies() == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_asking_without_a_page_changes_nothing(context: BrowserContext, links: list[str], method: str) -> None:
    before = state_of_the_world()
    for link in links:
        context.request.fetch(link, method=method, headers={"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender"})
    assert state_of_the_world() == before


@pytest.mark.parametrize(
    "tag",
    [
        '<img src="{}">',
        '<link rel="prefetch" href="{}"><img src="{}#again">',
        '<iframe src="{}"></iframe>',
        '<script src="{}"></script>',
        '<video src="{}"></video>',
    ],
)
def test_whatever_a_mail_reader_makes_of_the_link_changes_nothing(
    context: BrowserContext, links: list[str], tag: str
) -> None:
    before = state_of_the_world()
    page = context.new_page()
    # The answer is a page, which the browser keeps from pictures and scripts; the server has had its question.
    with page.expect_request(lambda asked: "/u/" in asked.url):
        page.set_content(tag.replace("{}", links[0]))
    page.wait_for_load_state("networkidle")
    assert state_of_the_world() == before


def test_one_press_of_the_button_unsubscribes_on_the_same_page(context: BrowserContext, links: list[str]) -> None:
    page = context.new_page()
    page.goto(links[0])
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    assert page.url == links[0]
    assert person_stopped()


def test_it_takes_neither_scripts_nor_a_mouse(browser: Browser, links: list[str]) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(links[0])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    context.close()
    assert person_stopped()


def test_the_page_has_exactly_one_control(context: BrowserContext, links: list[str]) -> None:
    page = context.new_page()
    page.goto(links[0])
    assert page.locator("a, button, input, select, textarea, [tabindex], script, img").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("what", ["ask", "done", "kept", "later", "unknown"])
def test_every_page_can_be_read_by_everybody(browser: Browser, what: str, scheme: Any) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_content(render_to_string(f"compliance/unsubscribe_{what}.html", {"sender": "Northwind " * 8}))
    assert findings(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    context.close()
