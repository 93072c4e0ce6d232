"""Whatever a provider, a proxy or a scanner sends over a real line: any authentic POST is obeyed (FT-23, FT-25)."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from compliance.models import Suppression
from tests.compliance.asking import ADA, stopped
from tests.compliance.test_views_on_a_socket import MEGABYTE, is_direct
from tests.faults.test_web_host import FORM, ONE_CLICK, answer_to, one_click, token, web_host
from tests.processes import database_url

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

MANY = min(10_000, int(os.environ.get("HANDOFF_FAULT_ROUNDS", "200")))
CHUNKED = b"1a\r\nList-Unsubscribe=One-Click\r\n0\r\n\r\n"
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'


@pytest.fixture(scope="module")
def port(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """One that redirects everything else to https, as behind a proxy."""
    strict = {"BEHIND_PROXY": "true", "PUBLIC_URL": "https://handoff.example.com", "ALLOWED_HOSTS": "nobody.example"}
    with web_host(database_url(), tmp_path_factory.mktemp("host"), **strict) as (port, _process):
        yield port


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("POST /u/{} HTTP/1.0", b""),
        ("POST /u/{}/ HTTP/1.0", b""),
        ("POST /u//{}// HTTP/1.0", b""),
        ("POST //u/{} HTTP/1.0", b""),
        ("POST http://handoff.example.com/u/{} HTTP/1.1\nHost: handoff.example.com\nConnection: close", b""),
        ("POST /u/{}?List-Unsubscribe=One-Click HTTP/1.1\nHost: x\nConnection: close", b""),
        ("POST /u/{} HTTP/1.1\nConnection: close", b""),
        ("POST /u/{} HTTP/1.1\nHost: evil.example.net\nConnection: close\n" + FORM, ONE_CLICK),
        ("POST /u/{} HTTP/1.1\nHost: ..not a host..\nConnection: close\n" + FORM, ONE_CLICK),
        ("POST /u/{} HTTP/1.1\nHost: x\nUser-Agent:\nConnection: close\nContent-Length: 0", b""),
        ("POST /u/{} HTTP/1.1\nHost: x\nConnection: close\nTransfer-Encoding: chunked", CHUNKED),
        (
            "POST /u/{} HTTP/1.1\nHost: x\nConnection: close\nContent-Type: multipart/form-data; boundary=x\n"
            f"Content-Length: {len(MULTIPART)}",
            MULTIPART,
        ),
        ("POST /u/{} HTTP/1.1\nHost: x\nConnection: close\nContent-Type: multipart/form-data\nContent-Length: 0", b""),
        ("POST /u/{} HTTP/1.1\nHost: x\nConnection: close\nAccept-Language: xx-Yyyy;q=2,,;=\n" + FORM, ONE_CLICK),
        ("POST /u/{} HTTP/1.1\nHost: x\nConnection: close\nAccept: image/png\nX-Forwarded-Proto: http", b""),
        ("POST /u/{} HTTP/1.1\nHost: x\nConnection: close\nX-HTTP-Method-Override: DELETE\n" + FORM, ONE_CLICK),
        ("POST /u/{} HTTP/1.1\nHost: x\nConnection: close\nX-Method-Override: GET\nX-HTTP-Method: GET", b""),
        ("POST /u/{} HTTP/1.1\nHost: x\nConnection: close\nCookie: sessionid=x; csrftoken=y\nOrigin: null", b""),
        (f"POST /u/{{}} HTTP/1.1\nHost: x\nConnection: close\nContent-Length: {10 * MEGABYTE}", b"x" * 10 * MEGABYTE),
    ],
)
@pytest.mark.parametrize("changed", [str.lower, str.upper])
def test_any_authentic_post_is_obeyed_directly(port: int, head: str, body: bytes, changed: Any) -> None:
    answer = answer_to(port, head.format(changed(token())), body)
    assert (answer.status, is_direct(answer)) == (200, True)
    assert stopped(ADA)


def test_who_asks_whether_to_send_the_body_is_told_yes(port: int) -> None:
    head = f"POST /u/{token()} HTTP/1.1\nHost: x\nConnection: close\nExpect: 100-continue\n{FORM}"
    answer = answer_to(port, head, ONE_CLICK)
    assert (answer.status, is_direct(answer)) == (200, True)
    assert Suppression.objects.get().reason == "one_click"


def test_who_announces_a_body_and_never_sends_it_is_obeyed_and_holds_no_thread(port: int) -> None:
    began = time.monotonic()
    answer = answer_to(port, f"POST /u/{token()} HTTP/1.1\nHost: x\nConnection: close\n{FORM}")
    assert (answer.status, stopped(ADA)) == (200, True)
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND"])
def test_whatever_only_looks_changes_nothing(port: int, method: str) -> None:
    head = f"{method} /u/{token()}?List-Unsubscribe=One-Click HTTP/1.1\nHost: x\nConnection: close\n"
    answer = answer_to(port, f"{head}X-HTTP-Method-Override: POST\nPurpose: prefetch\nContent-Length: 0")
    assert is_direct(answer)
    assert answer.status == (200 if method in {"GET", "HEAD"} else 405)
    assert not Suppression.objects.exists()


def test_any_number_from_one_address_are_all_obeyed(port: int) -> None:
    """`make faults` asks for the ten thousand of LAW FT-34."""
    people = [f"person{number}@customer.example" for number in range(MANY)]
    assert {one_click(port, person) for person in people} == {200}
    assert Suppression.objects.filter(reason="one_click").count() == len(people)
