"""Providers tell over the web what came in; without the right secret nobody tells anything (spec R1)."""

import logging
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from compliance import clock
from compliance.models import Suppression
from sequences.models import InboundMessage, MessageEvent
from tests.concurrency.together import together
from tests.sequences.inbound.telling import SECRET, Told, call, inbound_postmark, inbound_raw, postmark

pytestmark = [pytest.mark.django_db]
RAW = "From: Ada <ada@customer.example>\r\nTo: rick@ours.example.com\r\nSubject: Re: pumps\r\n\r\nTell me more.\r\n"
UNKNOWN = postmark("<nobody@ours.example.com>", "ada@customer.example", "complaint")


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    settings.WEBHOOK_PROVIDERS = ["postmark", "mailgun"]


def stored() -> InboundMessage:
    return InboundMessage.objects.get()


class TestWhoMayTell:
    @pytest.mark.parametrize("secret", [None, "", "provider", "provider:wrong", SECRET + "x"])
    @pytest.mark.parametrize("told", [inbound_raw(RAW), UNKNOWN], ids=["inbound", "tracking"])
    def test_a_wrong_secret_is_refused_and_nothing_is_stored(
        self, client: Client, told: Told, secret: str | None
    ) -> None:
        assert call(client, told, secret).status_code == 400
        assert not any(rows.objects.exists() for rows in (InboundMessage, MessageEvent, Suppression))

    def test_without_a_secret_of_ours_there_is_no_such_page(self, client: Client, settings: Any) -> None:
        settings.ANYMAIL = {"WEBHOOK_SECRET": ""}
        assert call(client, inbound_raw(RAW)).status_code == 404
        assert not InboundMessage.objects.exists()

    def test_nor_for_a_provider_that_is_not_in_use(self, client: Client) -> None:
        assert call(client, Told("sendgrid/tracking", [])).status_code == 404

    @pytest.mark.parametrize("path", ["postmark", "postmark/else", "else/tracking", "..", "postmark/tracking/x"])
    def test_nor_elsewhere(self, client: Client, path: str) -> None:
        assert call(client, Told(path, {})).status_code == 404

    def test_nobody_looks_at_it(self, client: Client) -> None:
        assert client.get("/webhooks/postmark/tracking/").status_code == 405


class TestWhatCameIn:
    def test_a_mail_is_stored_as_it_came(self, client: Client) -> None:
        assert call(client, inbound_raw(RAW)).status_code == 200
        assert bytes(stored().raw).replace(b"\r\n", b"\n") == RAW.encode().replace(b"\r\n", b"\n")
        assert stored().recipient == "rick@ours.example.com"

    def test_a_mail_in_parts_is_put_together_and_obeyed(self, client: Client) -> None:
        call(client, inbound_postmark())
        assert stored().verdict == "opt_out"
        assert Suppression.objects.count() == 1

    @pytest.mark.parametrize("told", [inbound_raw(RAW), inbound_postmark()], ids=["raw", "in-parts"])
    def test_the_same_told_again_is_stored_once(self, client: Client, told: Told) -> None:
        for _time in range(3):
            call(client, told)
        assert InboundMessage.objects.count() == 1

    @pytest.mark.parametrize(
        "raw",
        [
            "",
            "Message-ID: <>\r\nIn-Reply-To: <>\r\n\r\nYes",
            "Message-ID: <[x]@[y]>\r\nFrom: <<>>\r\n\r\n",
            "From: \0\r\nSubject: \0\r\n\r\n\0",
            "Content-Type: text/plain; charset=none\r\nContent-Transfer-Encoding: base64\r\n\r\n=====",
            "Content-Type: multipart/mixed; boundary=a\r\n\r\n" + "--a\r\nContent-Type: multipart/mixed\r\n" * 300,
            "Content-Type: multipart/mixed\r\n\r\nno boundary at all",
            "Subject: \ud83d\ude00 \u00e9\r\n\r\n\u00e9",
        ],
        ids=["empty", "empty-id", "odd-ids", "nul", "charset", "deep", "unbound", "bare-characters"],
    )
    def test_a_hostile_one_is_stored_and_the_next_goes_on(self, client: Client, raw: str) -> None:
        assert call(client, inbound_raw(raw)).status_code == 200
        assert call(client, inbound_raw(RAW)).status_code == 200
        assert InboundMessage.objects.count() == 2

    def test_thirty_megabytes_are_whole(self, client: Client, settings: Any) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 50 * 1024 * 1024
        raw = RAW + ("x" * 70 + "\r\n") * 430_000
        assert call(client, inbound_raw(raw)).status_code == 200
        assert len(bytes(stored().raw)) > 30_000_000


class TestWhatCannotBeTaken:
    @pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"RecordType": ["x"]}', b"[" * 5000])
    def test_what_is_not_understood_is_refused(self, client: Client, payload: bytes) -> None:
        assert call(client, Told("postmark/tracking", payload)).status_code == 400

    def test_a_webhook_at_the_wrong_address_is_told_in_the_log(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert call(client, Told("postmark/inbound", {"RecordType": "Bounce"})).status_code == 400
        assert "not set up" in caplog.text

    @pytest.mark.parametrize("told", [inbound_raw(RAW), UNKNOWN], ids=["inbound", "tracking"])
    def test_while_the_database_is_away_it_is_to_be_told_again(
        self, client: Client, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_args: object, **_told: object) -> None:
            raise OperationalError("gone")

        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", away)
            assert call(client, told).status_code == 503
        assert call(client, told).status_code == 200

    def test_no_log_holds_what_was_told(self, client: Client, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            call(client, Told("postmark/tracking", {"RecordType": "Bounce", "Email": ["ada@customer.example"]}))
            call(client, inbound_raw(RAW), "provider:wrong")
        assert "ada@" not in caplog.text
        assert "provider:" not in caplog.text


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestFiveTimesAtOnce:
    @pytest.fixture(params=["raw", "in-parts"])
    def told(self, request: pytest.FixtureRequest) -> Told:
        return inbound_raw(RAW) if request.param == "raw" else inbound_postmark()

    def test_the_same_mail_is_stored_and_obeyed_once(self, told: Told) -> None:
        assert together([lambda: _well(call(Client(), told))] * 5) == []
        assert InboundMessage.objects.count() == 1
        assert Suppression.objects.count() == (stored().verdict == "opt_out")


def _well(response: Any) -> None:
    assert response.status_code == 200
