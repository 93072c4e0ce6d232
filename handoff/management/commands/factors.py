"""Shows who has a second factor, and takes one away from somebody who lost their phone and their recovery codes."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from compliance import clock
from compliance.operators import NobodyNamed, named
from handoff import factors


class Command(BaseCommand):
    help = "Show who has set up a second factor; with --remove USER, take it away: they set up a new one at sign-in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--remove", metavar="USER", help="whose factor and recovery codes end, and their sessions")
        parser.add_argument("--by", default="", metavar="USER", help="who does it; without it, the only superuser")
        parser.add_argument("--reason", default="", metavar="TEXT", help="why; kept in the log")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            self._remove(options["remove"], options["by"], options["reason"].strip())
            return
        for user in User.objects.filter(is_active=True).order_by("username"):
            self.stdout.write(f"{user.get_username():<24} {'set up' if factors.has_one(user) else 'none yet'}")

    def _remove(self, username: str, by: str, reason: str) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"--remove {username}: there is no user of that name")
        if not reason:
            raise CommandError("--reason TEXT: say how you know that it is them; it is kept in the log")
        try:
            who = named(by, does="takes the factor away")
        except NobodyNamed as error:
            raise CommandError(str(error)) from error
        at = clock.now()
        with transaction.atomic():
            if not factors.remove(user, by=who, at=at, reason=reason):
                raise CommandError(f"{username} has no second factor")
            ended = _end_sessions(user, at)
        self.stdout.write(f"{username} has no second factor any more; sessions ended: {ended}.")


def _end_sessions(user: User, at: datetime) -> int:
    """Whoever found the phone may have signed in with it."""
    alive = Session.objects.filter(expire_date__gt=at)
    theirs = [row.pk for row in alive if row.get_decoded().get("_auth_user_id") == str(user.pk)]
    Session.objects.filter(pk__in=theirs).delete()
    return len(theirs)
