"""Gives tests a browser in which somebody has signed in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.desk import sign_in
from tests.phone import paired, stale

_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
_SIZES = {"desk": (1280, 900), "phone": (390, 844)}
Scheme = Literal["light", "dark"]


@dataclass
class Desk:
    """A page of the admin, and everything it complained about."""

    page: Page
    address: str
    user: Any = None
    complaints: list[str] = field(default_factory=list)

    def visit(self, path: str) -> None:
        """Open a page and wait until its scripts have run."""
        self.page.goto(self.address + path, wait_until="load")
        self.page.wait_for_function("!document.documentElement.hasAttribute('x-cloak')")

    def overflows(self) -> bool:
        """Whether the page is wider than the window."""
        wider: bool = self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        return wider


SitDown = Callable[..., Desk]


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all tests."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # The browser's event loop runs in the thread of the tests, which use the database as they always do.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        running = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield running
        running.close()


@pytest.fixture
def sit_down(browser: Browser, live_server: LiveServer) -> Iterator[SitDown]:
    """`sit_down("cmo", scheme="dark", size="phone", scripts=False)`: a window in which that role has signed in."""
    contexts: list[BrowserContext] = []

    def _sit_down(
        role: str = "", *, scheme: Scheme = "light", size: str = "desk", scripts: bool = True, factor: str = "fresh"
    ) -> Desk:
        width, height = _SIZES[size]
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": height}, java_script_enabled=scripts
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        client = Client()
        user = paired(sign_in(client, role)) if role else None
        if user and factor == "stale":
            stale(client)
        if user:
            key = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": "sessionid", "value": key, "url": live_server.url}])
        desk = Desk(context.new_page(), live_server.url, user)
        desk.page.on("console", lambda said: _note(desk, said))
        desk.page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        desk.page.on("dialog", lambda dialog: desk.complaints.append(f"a script said {dialog.message}"))
        return desk

    yield _sit_down
    for context in contexts:
        context.close()


def _note(desk: Desk, said: Any) -> None:
    if said.type == "error":
        desk.complaints.append(said.text)
