"""`manage.py domains`: says what was found and what to do, looks now when asked, ends with 1 unless all pass."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from compliance.models import DomainCheck, SendingDomain
from tests.cast import TUESDAY
from tests.domain_of_ours import OURS, SELECTOR, sound, with_dmarc
from tests.nameserver import Records

pytestmark = pytest.mark.django_db

Start = Callable[[Records], None]


@pytest.fixture
def ours() -> SendingDomain:
    return SendingDomain.objects.create(domain=OURS, selectors=SELECTOR, created_at=TUESDAY)


def run(*words: str, code: int = 0) -> str:
    said, left = io.StringIO(), 0
    try:
        call_command("domains", *words, stdout=said)
    except CommandError as error:
        left = error.returncode
    assert left == code
    return said.getvalue()


def test_without_a_sender_there_is_nothing_to_say() -> None:
    assert run() == "no mailbox sends to the outside\n"


def test_one_that_nobody_has_looked_at_does_not_pass(ours: SendingDomain) -> None:
    assert run(code=1) == f"{OURS}: unknown, looked at never\n"


def test_it_looks_now_when_asked(nameserver: Start, ours: SendingDomain) -> None:
    nameserver(sound())
    told: dict[str, Any] = json.loads(run("--check", "--json"))
    (one,) = told["domains"]
    assert (one["domain"], one["stands"], one["selectors"]) == (OURS, "passes", [SELECTOR])
    assert DomainCheck.objects.count() == 1


def test_what_is_wrong_comes_with_its_remedy(nameserver: Start, ours: SendingDomain) -> None:
    nameserver(with_dmarc())
    said = run("--check", code=1)
    assert "fails: DMARC: there is no policy" in said
    assert "Publish v=DMARC1; p=none" in said
