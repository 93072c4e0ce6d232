"""Lets one test be several hosts: each with a state folder of its own, at one database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.test import override_settings

from compliance import arming, following
from compliance.acts import Consent
from compliance.faults import Fault
from compliance.models import Installation
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.faults.backups import Backup


@contextmanager
def on(name: str) -> Iterator[None]:
    """Be the host of this name inside the block."""
    with override_settings(STATE_DIR=Path(settings.STATE_DIR).with_name(f"host-{name}")):
        yield


def arm(name: str) -> None:
    """A person arms the database on this host."""
    with on(name):
        by = UserFactory(role="chief_of_staff")
        arming.arm(Installation.objects.get(), by=by, at=TUESDAY, consent=Consent("It is the one that sends."))


def take_part(*names: str) -> list[str]:
    """Each of them does what it owes; what stands against sending from it then, by code."""
    return [code_of(_taking_part(name)) for name in names]


def look(name: str) -> str:
    """What stands against sending from this host, by code."""
    with on(name):
        return code_of(arming.look())


def code_of(found: Fault | None) -> str:
    """Empty when nothing stands against it."""
    return found.code if found else ""


def _taking_part(name: str) -> Fault | None:
    with on(name):
        return following.take_part(TUESDAY)


def restored(backup: Backup) -> None:
    """The backup is back; host a finds it behind its journal, and a person arms it there."""
    backup.restore()
    backup.remove()
    assert take_part("a") == ["behind_journal"]
    arm("a")
    assert take_part("a") == [""]
