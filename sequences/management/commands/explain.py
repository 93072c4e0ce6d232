"""Explains somebody's mail by an address of theirs: why each message went or did not, and when the next one goes."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import get_current_timezone_name

from compliance import clock, operators, watching
from compliance.addresses import AddressError
from compliance.operators import NobodyNamed
from compliance.principals import Staff
from sequences import explain
from sequences.explain import Explanation, NobodyKnown, story


class Command(BaseCommand):
    help = (
        "Say of one person why each message went or did not go, what stands against the next one, and when it goes. "
        "That somebody looked is recorded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="an address of the person, in any spelling")
        parser.add_argument("--every-rule", action="store_true", help="tell also the rules that agreed")
        parser.add_argument("--before", type=int, metavar="ID", help="only messages older than the one with this id")
        parser.add_argument("--by", default="", metavar="USERNAME", help="who asks; default: the only superuser")
        parser.add_argument("--json", action="store_true", help="print one JSON object (docs/explain.md)")

    def handle(self, *args: Any, **options: Any) -> None:
        by, at = _person(options["by"]), clock.now()
        if refusals := explain.against(by):
            raise CommandError("; ".join(map(str, refusals)))
        found = _explained(options["email"], at, options["before"])
        # Before anything is shown (LAW AUD-03).
        watching.looked(explain.subject_of(found), by=by, at=at, place="manage.py explain")
        if options["json"]:
            self.stdout.write(json.dumps(found, default=_as_text))
        else:
            self.stdout.write("\n".join(_page(found, every_rule=options["every_rule"])))


def _explained(text: str, at: datetime, before: int | None) -> Explanation:
    try:
        return explain.of_address(text, at=at, before=before)
    except AddressError as error:
        raise CommandError("EMAIL: this is not exactly one plain address") from error
    except NobodyKnown as nobody:
        hint = f" An import would leave it out: {nobody.import_says}" if nobody.import_says else ""
        raise CommandError(
            "EMAIL: nobody has this address, and no stop is recorded for it. Of rows that an import left out only the "
            f"number is kept.{hint}"
        ) from nobody


def _page(found: Explanation, *, every_rule: bool) -> Iterator[str]:
    yield f"{story.moment(found['at'])} {get_current_timezone_name()}"
    for chapter in story.told(found, every_rule=every_rule):
        yield f"\n{chapter.title}"
        for line in chapter.lines:
            when = f"{story.moment(line.at)}  " if line.at else ""
            yield f"{'  ' * (line.deep + 1)}{when}{line.text}"
    if found["older"]:
        yield f"\nOlder messages: --before {found['older']['before']}"


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _person(username: str) -> Staff:
    try:
        return operators.named(username, does="asks")
    except NobodyNamed as error:
        raise CommandError(str(error)) from error
