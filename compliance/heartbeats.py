"""Signs of life: written by whoever works, read by the door. Real time only, never the moment a round plays."""

from collections.abc import Mapping
from datetime import datetime

from compliance.models import Heartbeat

Kind = Heartbeat.Kind
LINK, ARRIVED = "unsubscribe", "arrived"
"""Names of the canary: the link works; its latest trial reached us."""


def beat(kind: Kind, name: str, *, at: datetime, detail: str = "") -> None:
    """Say that this is alive at `at` (the real clock). What was retired is owed again."""
    told = {"at": at, "detail": detail[:200], "retired_at": None}
    Heartbeat.objects.update_or_create(kind=kind, name=name, defaults=told)


def owed(kind: Kind) -> Mapping[str, datetime]:
    """{name: last sign of life} of everything of this kind that has not been retired."""
    return dict(Heartbeat.objects.filter(kind=kind, retired_at__isnull=True).values_list("name", "at"))


def retire(kind: Kind, name: str, *, at: datetime) -> bool:
    """Say that this one is gone for good; whether there was one."""
    return bool(Heartbeat.objects.filter(kind=kind, name=name, retired_at__isnull=True).update(retired_at=at))


def once(name: str, *, at: datetime) -> bool:
    """True for the first who asks under this name, for ever; False for everybody else."""
    _row, made = Heartbeat.objects.get_or_create(kind=Kind.ONCE, name=name, defaults={"at": at})
    return made


def again(name: str) -> None:
    """What was begun under `once` has failed: the next who asks may try."""
    Heartbeat.objects.filter(kind=Kind.ONCE, name=name).delete()
