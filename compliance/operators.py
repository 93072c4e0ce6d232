"""Decides which member of staff a command acts for: the one it names, or the only superuser there is."""

from django.contrib.auth import get_user_model

from compliance.principals import Staff


class NobodyNamed(LookupError):
    """The command does not say for whom it acts, or names nobody. The text is for the person at the keyboard."""


def named(username: str, *, does: str) -> Staff:
    """The active user of that name; without a name the only superuser. `does` completes "say who …".

    Raises NobodyNamed.
    """
    users = get_user_model().objects.filter(is_active=True)
    if username:
        if found := users.filter(username=username).first():
            return found
        raise NobodyNamed(f"--by {username}: there is no active user of that name")
    superusers = list(users.filter(is_superuser=True)[:2])
    if len(superusers) != 1:
        raise NobodyNamed(f"say who {does}: --by USERNAME (there is not exactly one superuser)")
    return superusers[0]
