"""Plays twelve weeks of the whole procedure on sample people, shows what happened, and serves it to look at."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from compliance import clock
from handoff import serving
from handoff.demo import cast, places, stage, story, tally
from handoff.demo.catcher import Catcher
from handoff.demo.played import PlayedServer
from handoff.demo.recipients import Moods


class Command(BaseCommand):
    help = "Play the demonstration in an empty database or one marked demo, then serve the admin on this machine."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="where the admin is served; 0 takes any")
        parser.add_argument("--no-serve", action="store_true", help="end after the story")
        parser.add_argument("--json", action="store_true", help="print the figures as one JSON object, nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            port = serving.free_port(options["port"])
            stage.clear()
        except (serving.PortTaken, stage.NotAStage) as error:
            raise CommandError(str(error)) from error
        console = Console(file=sys.stderr if options["json"] else sys.stdout, highlight=False)
        moods = Moods()
        with Catcher(moods.refuse, moods.vanish) as catcher, Catcher() as office:
            places.staff_mail(office.port)
            figures = self._play(port, catcher, office, console)
            if options["json"]:
                self.stdout.write(json.dumps(figures.as_data()))
            else:
                _show(console, figures)
            if not options["no_serve"]:
                self._serve(port, console)

    def _play(self, port: int, catcher: Catcher, office: Catcher, console: Console) -> tally.Tally:
        places.public_url(port)
        with PlayedServer(port) as server:
            performance = story.Story(
                begins=_monday_before(clock.now() - timedelta(weeks=story.WEEKS)),
                catcher=catcher,
                server=server,
                say=lambda line: console.print(f"  {line}", markup=False, soft_wrap=True),
            )
            performance.play()
        return tally.take(catcher, office)

    def _serve(self, port: int, console: Console) -> None:
        """The admin, and the rounds in real time: what you sign is sent, to the catcher."""
        url = settings.PUBLIC_URL
        with serving.web(port, {"PUBLIC_URL": url, "HANDOFF_STATE_DIR": str(settings.STATE_DIR)}) as process:
            factors = _ASKED if settings.REQUIRE_MFA else _NOT_ASKED
            invitation = _INVITATION.format(url=url, password=cast.PASSWORD, people=_people(), factors=factors)
            console.print(invitation, markup=False, soft_wrap=True)
            serving.until_stopped(process, with_rounds=True)


_INVITATION = """
The admin is at {url}/admin/ - Ctrl-C stops it. Log in as one of these with the password  {password}

{people}

{factors}

Five things to try
  1. As maren (CMO), look at what waits for you on the first page; read the text and sign it, or say why not.
  2. As rick (CRO), open the list "Partner pages" and the file it was loaded from: one row was left out, and why.
     Sign the list.
  3. As lena (sales ops), open Enrollments, pick somebody who ended early, and one of their messages: every rule, what
     it looked at, what it said.
  4. As grace (legal), record a stop for somebody on "Autumn webinar"; seconds later their passage has ended.
  5. As jonah (content), write a new version of a text, submit it, and try to sign it yourself.
"""

_NOT_ASKED = """\
A password is enough here, because these people are invented. An installation asks everybody for a second factor as
well, and again before they sign, start, lift or export; to see that:  HANDOFF_REQUIRE_MFA=true make demo"""
_ASKED = "Each of them sets up a second factor first: have an authenticator app at hand."


def _people() -> str:
    rows = [f"  {part.username:<6} {part.role:<15} {part.first_name} {part.last_name}" for part in cast.CAST]
    return "\n".join([*rows, "  admin  administrator   sees every page, signs like anybody else"])


def _monday_before(moment: datetime) -> datetime:
    day = (moment - timedelta(days=moment.weekday())).date()
    return datetime(day.year, day.month, day.day, 7, tzinfo=UTC)


def _show(console: Console, figures: tally.Tally) -> None:
    what = {
        "messages the recipients' servers accepted": figures.messages_accepted,
        "of these, put off at first and sent later": figures.sent_after_waiting,
        "of these, taken without a word (in doubt)": figures.in_doubt,
        "answers and reports that came back": sum(figures.replies.values()),
        "arrows taken on the ladder": figures.stage_moves,
        "alerts to members of staff": figures.alerts,
        "opt-outs": figures.opt_outs,
        "messages sent after an opt-out": figures.sends_after_opt_out,
        "messages sent twice": figures.duplicates,
        "totals balance": "yes" if figures.totals_balance else "NO",
        "audit log": f"{figures.audit_entries} entries, {'holds' if figures.audit_holds else 'BROKEN'}",
    }
    _print(console, "Twelve weeks, counted from both ledgers", what)
    _print(console, "What came back, by class", {_spoken(name): count for name, count in figures.replies.items()})
    _print(console, "Where the leads stand", {_spoken(name): count for name, count in figures.stages.items()})
    _print(
        console, "What did not go, and why", {name.replace("_", " "): count for name, count in figures.refused.items()}
    )


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _print(console: Console, title: str, rows: Mapping[str, object]) -> None:
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, figure in rows.items():
        table.add_row(name, str(figure))
    console.print(f"\n{title}", style="bold")
    console.print(table)
