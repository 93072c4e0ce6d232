"""Decides who is acting: a member of staff, or the system itself."""

from dataclasses import dataclass
from typing import Any, Protocol


class Staff(Protocol):
    """What a verb needs to know of a user."""

    pk: Any
    email: str
    is_active: bool

    def has_perm(self, perm: str) -> bool: ...

    def get_username(self) -> str: ...


@dataclass(frozen=True)
class System:
    """The installation acting by itself; it may take only the arrows that say so."""

    name: str = "system"


SYSTEM = System()
Principal = Staff | System


def actor(by: Principal) -> str:
    """The principal as the audit log writes it: `user:7` or `system`."""
    return by.name if isinstance(by, System) else f"user:{by.pk}"
