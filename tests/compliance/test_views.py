"""The unsubscribe page: any client, any body, no conditions; a GET changes nothing, a POST stops everything."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, UnreadablePostError
from django.test import Client
from pytest_django.fixtures import Settings

from compliance import cards, tokens
from compliance.addresses import parse
from compliance.models import AddressCard, AddressDigest, AuditEntry, Suppression, SuppressionReason
from compliance.tokens import Purpose
from tests.cast import LONG_AGO
from tests.compliance.asking import ADA, stopped
from tests.factories import playbook_loaded

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

BOUNDARY = "multipart/form-data; boundary=xyz"
MULTIPART = b'--xyz\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--xyz--\r\n'
FORM = "application/x-www-form-urlencoded"
ONE_CLICK = b"List-Unsubscribe=One-Click"


@pytest.fixture
def token() -> str:
    card = cards.find_or_make([parse(ADA)], at=LONG_AGO)[parse(ADA).canonical]
    return tokens.make(Purpose.UNSUBSCRIBE, message=4711, digest=card.digest)


@pytest.fixture
def client() -> Client:
    """A browser as strict as the real thing."""
    return Client(enforce_csrf_checks=True)


def post(client: Client, token: str, body: bytes = ONE_CLICK, kind: str = FORM, **environ: Any) -> Any:
    return client.generic("POST", f"/u/{token}", body, kind, **environ)


def is_direct(response: Any) -> bool:
    """Neither redirect nor cookie nor anything a machine could stumble over."""
    return not response.cookies and "Set-Cookie" not in response.headers and not 300 <= response.status_code < 400


# --- any client ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ONE_CLICK, FORM),
        (MULTIPART, BOUNDARY),
        (b"", FORM),
        (b"", ""),
        (b"", BOUNDARY),
        (b"--xyz\r\nbroken", BOUNDARY),
        (b"broken", "multipart/form-data"),
        (b'{"a":', "application/json"),
        (b"\xff\xfe\0", "text/plain; charset=nonsense"),
        (b"csrfmiddlewaretoken=x&_method=DELETE", FORM),
        (b"x" * 10 * 1024 * 1024, FORM),
    ],
)
def test_any_body_unsubscribes(client: Client, token: str, body: bytes, kind: str) -> None:
    response = post(client, token, body, kind)
    assert (response.status_code, is_direct(response)) == (200, True)
    assert stopped(ADA)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HTTP_USER_AGENT": ""},
        {"HTTP_HOST": "evil.example.net"},
        {"HTTP_HOST": "in valid:99999"},
        {"HTTP_HOST": ""},
        {"HTTP_ORIGIN": "https://evil.example.net", "HTTP_REFERER": "https://evil.example.net/"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_ACCEPT_LANGUAGE": "tlh-Qaak"},
        {"HTTP_ACCEPT_LANGUAGE": "de;q=broken,,;=" * 50},
        {"HTTP_ACCEPT": "application/json"},
        {"HTTP_ACCEPT_ENCODING": "br;q=0, *;q=0"},
        {"HTTP_X_HTTP_METHOD_OVERRIDE": "GET"},
        {"HTTP_X_FORWARDED_PROTO": "http", "HTTP_X_FORWARDED_HOST": "evil.example.net"},
        {"HTTP_COOKIE": "sessionid=nonsense; django_language=../../etc; csrftoken=x"},
        {"HTTP_EXPECT": "100-continue"},
        {"HTTP_SEC_FETCH_SITE": "cross-site"},
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        {"CONTENT_LENGTH": "nonsense"},
        {"CONTENT_LENGTH": "-5"},
    ],
)
def test_any_client_unsubscribes(client: Client, token: str, environ: dict[str, Any]) -> None:
    response = post(client, token, **environ)
    assert (response.status_code, is_direct(response)) == (200, True)
    assert stopped(ADA)


@pytest.mark.parametrize("written", ["u/{}", "u/{}/", "u//{}", "u///{}//", "U/{}", "u/{}?utm_source=x", "u/{}/?a=b#c"])
@pytest.mark.parametrize("changed", [str.lower, str.upper])
def test_the_address_may_be_bent_on_the_way(
    client: Client, token: str, written: str, changed: Callable[[str], str]
) -> None:
    response = client.generic("POST", "/" + written.format(changed(token)), ONE_CLICK, FORM)
    assert (response.status_code, is_direct(response)) == (200, True)
    assert stopped(ADA)


@pytest.mark.parametrize(
    "strict",
    [
        {"SECURE_SSL_REDIRECT": True},
        {"SECURE_SSL_REDIRECT": True, "SECURE_SSL_HOST": "secure.example.com"},
        {"ALLOWED_HOSTS": []},
        {"APPEND_SLASH": True, "PREPEND_WWW": True},
        {"SESSION_SAVE_EVERY_REQUEST": True, "CSRF_USE_SESSIONS": True},
        {"DATA_UPLOAD_MAX_MEMORY_SIZE": 1},
    ],
)
@pytest.mark.parametrize("written", ["{}", "{}/"])
def test_no_setting_stands_between_a_person_and_their_opt_out(
    client: Client, token: str, settings: Settings, strict: dict[str, Any], written: str
) -> None:
    for name, value in strict.items():
        setattr(settings, name, value)
    response = post(client, written.format(token))
    assert (response.status_code, is_direct(response)) == (200, True)
    assert stopped(ADA)


def test_a_client_that_breaks_off_has_still_unsubscribed(
    client: Client, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_size: object) -> bytes:
        raise UnreadablePostError("the client has gone")

    monkeypatch.setattr(HttpRequest, "read", break_off)
    assert post(client, token).status_code == 200
    assert stopped(ADA)


# --- what is recorded ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (ONE_CLICK, FORM, SuppressionReason.ONE_CLICK),
        (MULTIPART, BOUNDARY, SuppressionReason.ONE_CLICK),
        (b"", FORM, SuppressionReason.UNSUBSCRIBE_LINK),
    ],
)
def test_the_stop_says_how_it_reached_us(client: Client, token: str, body: bytes, kind: str, reason: str) -> None:
    post(client, token, body, kind)
    row = Suppression.objects.get()
    assert (row.reason, row.source, row.evidence) == (reason, "message:4711", {"message": 4711})
    assert row.recorded_by == "system"


def test_pressing_twice_does_no_harm(client: Client, token: str) -> None:
    assert [post(client, token).status_code for _press in range(3)] == [200, 200, 200]


def test_it_works_after_everything_else_is_gone(client: Client, token: str, settings: Settings) -> None:
    AddressDigest.objects.all().delete()
    AddressCard.objects.all().delete()
    for version in (2, 3, 4):
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, version: bytes([version]) * 32}
    assert post(client, token).status_code == 200
    assert stopped(ADA)


# --- what changes nothing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_nothing_but_a_post_changes_anything(client: Client, token: str, method: str) -> None:
    response = client.generic(method, f"/u/{token}?List-Unsubscribe=One-Click", ONE_CLICK, FORM)
    assert response.status_code == (200 if method in {"GET", "HEAD"} else 405)
    assert is_direct(response)
    assert not Suppression.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    "wrong",
    [
        lambda token: token[:-1],
        lambda token: token[:20],
        lambda token: ("b" if token[0] == "a" else "a") + token[1:],
        lambda token: token + "a",
        lambda token: "nonsense",
        lambda token: "",
        lambda token: "a" * 5000,
        lambda token: f"{token}/more",
        lambda token: "%00%ff%2e%2e",
        lambda token: "ÄÖ",
        lambda token: tokens.make(Purpose.REPLY, message=4711),
        lambda token: tokens.make(Purpose.BOUNCE, message=4711),
    ],
)
def test_an_unknown_token_gets_a_neutral_page_and_changes_nothing(
    client: Client, token: str, method: str, wrong: Callable[[str], str]
) -> None:
    response = client.generic(method, f"/u/{wrong(token)}", ONE_CLICK, FORM)
    assert (response.status_code, is_direct(response)) == (404, True)
    assert not Suppression.objects.exists()


def test_every_unknown_token_gets_the_same_page(client: Client, token: str) -> None:
    wrong = ["nonsense", token[:-1], tokens.make(Purpose.REPLY, message=1)]
    assert len({post(client, text).content for text in wrong}) == 1


# --- the page -----------------------------------------------------------------------------------------------------


def test_the_page_asks_for_one_click_and_nothing_else(client: Client, token: str) -> None:
    page = client.get(f"/u/{token}").content.decode()
    assert page.count("<button") == 1
    assert '<form method="post">' in page
    assert not [tag for tag in ("<input", "<select", "<textarea", "<script", "<img", "<a ", "http") if tag in page]


def test_the_page_names_the_sender_and_not_the_person(client: Client, token: str) -> None:
    playbook_loaded(sender={"legal_name": "Northwind & Sons <LLC>"})
    page = client.get(f"/u/{token}").content.decode()
    assert "Northwind &amp; Sons &lt;LLC&gt;" in page
    assert ADA not in page
    assert token not in page


@pytest.mark.parametrize("path", ["{}", "nonsense"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_page_is_cached_indexed_framed_or_tells_where_it_was(
    client: Client, token: str, path: str, method: str
) -> None:
    headers = client.generic(method, f"/u/{path.format(token)}").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_any_other_address_is_not_for_this_door(client: Client) -> None:
    assert client.get("/u").status_code == 404
    assert client.get("/users/").status_code == 404
