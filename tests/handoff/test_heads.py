"""The head of the day reaches those who may read the log, once a day, and is tried again when the mail fails."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from compliance import audit, heads, installation, sealer
from compliance.models import Installation, Purpose
from compliance.principals import SYSTEM
from handoff.heads import head_round
from tests.cast import LONG_AGO, TUESDAY
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_sealed_log() -> None:
    installation.mark(Purpose.STAGING, at=LONG_AGO)
    audit.record("thing.done", "app.thing:1", by=SYSTEM, at=TUESDAY)
    sealer.seal_round(TUESDAY)


def addressed() -> list[str]:
    return sorted(address for message in mail.outbox for address in message.to)


def test_it_is_mailed_to_those_who_may_read_the_log_and_nobody_else() -> None:
    readers = [UserFactory(role=role).email for role in ("legal", "cro")]
    UserFactory(role="rep")
    UserFactory(role="legal", email="")
    UserFactory(role="legal", is_active=False)
    assert head_round(TUESDAY) == {"kept": 1, "mailed": 2}
    assert addressed() == sorted(readers)


def test_the_mail_says_date_position_and_head_and_how_to_check() -> None:
    UserFactory(role="legal")
    head_round(TUESDAY)
    (message,), (kept,) = mail.outbox, heads.kept()
    assert message.subject == "Audit log of 2026-11-17: position 1"
    assert f"audit verify --head {kept.chain}" in message.body


def test_it_is_mailed_once_a_day() -> None:
    UserFactory(role="legal")
    for hours in (0, 1, 20):
        head_round(TUESDAY + timedelta(hours=hours))
    assert [message.subject[13:23] for message in mail.outbox] == ["2026-11-17", "2026-11-18"]


def test_another_host_keeps_its_own_file_and_does_not_mail_again(settings: Any, tmp_path: Any) -> None:
    UserFactory(role="legal")
    head_round(TUESDAY)
    settings.STATE_DIR = tmp_path / "another host"
    assert head_round(TUESDAY) == {"kept": 1, "mailed": 0}


def test_a_mail_that_failed_is_tried_again_and_the_file_is_kept_all_the_same(settings: Any) -> None:
    UserFactory(role="legal")
    settings.EMAIL_BACKEND = "there.is.no.such.Backend"
    with pytest.raises(ImportError):
        head_round(TUESDAY)
    assert len(heads.kept()) == 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert head_round(TUESDAY) == {"kept": 0, "mailed": 1}


def test_nothing_of_a_demonstration_is_kept_or_mailed() -> None:
    Installation.objects.update(purpose=Purpose.DEMO)
    UserFactory(role="legal")
    assert head_round(TUESDAY) == {}
    assert (heads.kept(), mail.outbox) == ([], [])
