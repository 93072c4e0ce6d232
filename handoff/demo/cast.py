"""Who plays: one member of staff a role, all of them invented."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group, User

from compliance import audit
from compliance.principals import SYSTEM

PASSWORD = "demo-only-password"  # noqa: S105 - a demonstration's log-in, printed on the screen


@dataclass(frozen=True)
class Part:
    """One person of the cast."""

    username: str
    role: str
    first_name: str
    last_name: str

    @property
    def email(self) -> str:
        return f"{self.username}@northwind-advisory.example"


CAST = (
    Part("jonah", "content", "Jonah", "Pike"),
    Part("maren", "cmo", "Maren", "Lindahl"),
    Part("rick", "cro", "Rick", "Halvorsen"),
    Part("lena", "sales_ops", "Lena", "Marquardt"),
    Part("tom", "rep", "Tom", "Oduya"),
    Part("grace", "legal", "Grace", "Tilney"),
    Part("emil", "chief_of_staff", "Emil", "Sørby"),
)


def enter(*, at: datetime) -> dict[str, User]:
    """Create the cast with their roles; by role."""
    people = {}
    for part in CAST:
        user = User.objects.create_user(
            part.username, part.email, PASSWORD, first_name=part.first_name, last_name=part.last_name, is_staff=True
        )
        user.groups.add(Group.objects.get(name=part.role))
        audit.record("auth.user.created", audit.reference(user), by=SYSTEM, at=at, role=part.role)
        people[part.role] = user
    return people


def administrator() -> User:
    """Somebody who sees every page; signs nothing they wrote either."""
    return User.objects.create_superuser("admin", "admin@northwind-advisory.example", PASSWORD)
