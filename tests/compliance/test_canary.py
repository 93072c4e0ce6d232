"""The link is tried over its public address; anything but a page, one click and a record of it is a broken link."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from compliance import canary, clock, heartbeats, installation
from compliance.heartbeats import Kind
from compliance.models import Heartbeat, Purpose, Suppression, SuppressionReason
from tests.cast import TUESDAY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

PAGE = b'<form method="post"></form>'


class _Elsewhere(BaseHTTPRequestHandler):
    """Somebody else's server where ours should be: a proxy, a firewall, a cache."""

    status = 200
    headers_sent: Sequence[tuple[str, str]] = ()
    body = PAGE

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.status)
        for name, value in self.headers_sent:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_POST = _answer  # noqa: N815 - the base class's names

    def log_message(self, *_said: object) -> None:
        """Say nothing."""


@pytest.fixture
def production(settings: Settings, live_server: LiveServer) -> None:
    installation.mark(Purpose.PRODUCTION, at=TUESDAY)
    settings.PUBLIC_URL = live_server.url


@pytest.fixture
def elsewhere(settings: Settings) -> Iterator[type[_Elsewhere]]:
    handler = type("Handler", (_Elsewhere,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        settings.PUBLIC_URL = f"http://127.0.0.1:{server.server_port}"
        installation.mark(Purpose.PRODUCTION, at=TUESDAY)
        yield handler
        server.shutdown()


def works() -> bool:
    return heartbeats.LINK in heartbeats.owed(Kind.CANARY)


def aged(minutes: int) -> None:
    Heartbeat.objects.filter(name=heartbeats.LINK).update(at=clock.lease_clock() - timedelta(minutes=minutes))


@pytest.mark.usefixtures("production")
class TestALinkThatWorks:
    def test_is_said_to_work(self) -> None:
        assert canary.canary_round(TUESDAY) == {"link_works": 1}
        assert works()

    def test_is_recorded_as_a_trial_of_nobody(self) -> None:
        canary.canary_round(TUESDAY)
        row = Suppression.objects.get()
        assert (row.reason, row.person) == (SuppressionReason.CANARY, None)

    def test_is_not_tried_again_at_once(self) -> None:
        canary.canary_round(TUESDAY)
        assert canary.canary_round(TUESDAY) == {}

    def test_is_tried_again_after_five_minutes(self) -> None:
        canary.canary_round(TUESDAY)
        aged(5)
        assert canary.canary_round(TUESDAY) == {"link_works": 1}

    def test_that_breaks_keeps_the_date_of_its_last_success(self, settings: Settings) -> None:
        canary.canary_round(TUESDAY)
        aged(16)
        before = heartbeats.owed(Kind.CANARY)[heartbeats.LINK]
        settings.PUBLIC_URL = "http://127.0.0.1:9"
        assert canary.canary_round(TUESDAY) == {"link_broken": 1}
        assert heartbeats.owed(Kind.CANARY)[heartbeats.LINK] == before


class TestABrokenLink:
    @pytest.mark.parametrize("status", [202, 204, 301, 302, 307, 308, 403, 404, 429, 500, 503])
    def test_is_any_other_status(self, elsewhere: type[_Elsewhere], status: int) -> None:
        elsewhere.status, elsewhere.headers_sent = status, (("Location", "/elsewhere"),)
        assert canary.canary_round(TUESDAY) == {"link_broken": 1}
        assert not works()

    def test_is_one_that_leads_elsewhere_even_to_the_right_page(
        self, elsewhere: type[_Elsewhere], live_server: LiveServer
    ) -> None:
        elsewhere.status, elsewhere.headers_sent = 302, (("Location", f"{live_server.url}/u/nobody"),)
        with pytest.raises(canary.Broken, match="the page: HTTPError 302"):
            canary.try_link(clock.lease_clock())

    def test_is_one_that_sets_a_cookie(self, elsewhere: type[_Elsewhere]) -> None:
        elsewhere.headers_sent = (("Set-Cookie", "waf=1"),)
        with pytest.raises(canary.Broken, match="cookie"):
            canary.try_link(clock.lease_clock())

    def test_is_a_page_of_somebody_else(self, elsewhere: type[_Elsewhere]) -> None:
        elsewhere.body = b"Prove that you are human"
        with pytest.raises(canary.Broken, match="not ours"):
            canary.try_link(clock.lease_clock())

    @pytest.mark.usefixtures("elsewhere")
    def test_is_a_kind_answer_that_records_nothing(self) -> None:
        with pytest.raises(canary.Broken, match="not recorded"):
            canary.try_link(clock.lease_clock())

    def test_is_a_kind_answer_from_yesterday(
        self, elsewhere: type[_Elsewhere], live_server: LiveServer, settings: Settings
    ) -> None:
        now = clock.lease_clock()
        theirs = settings.PUBLIC_URL
        settings.PUBLIC_URL = live_server.url
        canary.try_link(now)
        settings.PUBLIC_URL = theirs
        with pytest.raises(canary.Broken, match="not recorded"):
            canary.try_link(now + timedelta(seconds=1))

    def test_is_told_without_the_token(self, elsewhere: type[_Elsewhere], caplog: pytest.LogCaptureFixture) -> None:
        elsewhere.status = 500
        canary.canary_round(TUESDAY)
        assert "HTTPError 500" in caplog.text
        assert "/u/" not in caplog.text

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense", "http://[broken", "ftp://127.0.0.1:9"])
    def test_is_no_answer_at_all(self, settings: Settings, url: str) -> None:
        installation.mark(Purpose.PRODUCTION, at=TUESDAY)
        settings.PUBLIC_URL = url
        assert canary.canary_round(TUESDAY) == {"link_broken": 1}


@pytest.mark.parametrize("purpose", [Purpose.DEMO, Purpose.TEST, Purpose.STAGING])
def test_only_production_has_an_outside(purpose: Purpose, settings: Settings) -> None:
    installation.mark(purpose, at=TUESDAY)
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    assert canary.canary_round(TUESDAY) == {}
