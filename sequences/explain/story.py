"""Tells an explanation as lines: who, what stands against writing to them, what happened in its order, what is next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from compliance import admin_words as words
from compliance.models import Outcome
from sequences.explain import said, shape
from sequences.explain.shape import Explanation


class Line(NamedTuple):
    """One line; `at` says when it happened, `deep` how far it stands in."""

    text: str
    at: datetime | None = None
    deep: int = 0


@dataclass(frozen=True)
class Chapter:
    """A heading and its lines."""

    title: str
    lines: Sequence[Line]


def told(found: Explanation, *, every_rule: bool = False) -> list[Chapter]:
    """The story. Of rules that agreed only the number is told, unless `every_rule` is asked for."""
    chapters = [
        Chapter(_("Who"), list(_who(found["person"]))),
        Chapter(_("What stands against writing to them"), list(_against(found))),
        Chapter(_("What happened"), list(_happened(found, every_rule))),
        Chapter(_("What comes next"), list(_next(found, every_rule))),
    ]
    return [chapter for chapter in chapters if chapter.lines]


def moment(at: datetime | None) -> str:
    """A moment in our zone; nothing for none."""
    return f"{localtime(at):%Y-%m-%d %H:%M}" if at else ""


def _who(person: shape.Person) -> Iterator[Line]:
    for row in person["contacts"]:
        if row["erased_at"] and not row["address"]:
            yield Line(_("Erased on %(day)s; what is left are digests and dates") % {"day": moment(row["erased_at"])})
        else:
            name = f"{row['name']} <{row['address']}>".strip()
            yield Line(", ".join(filter(None, (name, row["account"]))))
    if not person["contacts"]:
        yield Line(_("Nobody we have a name for: the ledger knows this address by its digests alone"))
    for change in person["changes"]:
        yield Line(f"{change['said']} ({change['by']})", change["at"])


def _against(found: Explanation) -> Iterator[Line]:
    for stop in found["stops"]:
        scope = _("Stop") if stop["scope"] == "person" else _("Stop for a whole domain or company")
        end = "" if stop["holds"] else _(", lifted on %(day)s") % {"day": moment(stop["lifted_at"])}
        looks = _(", because the address reads as %(reading)s") % stop if stop["reading"] else ""
        yield Line(f"{scope}: {stop['because']}{looks}{end}", stop["at"])
    for hold in found["holds"]:
        end = "" if hold["holds"] else _(", ended on %(day)s") % {"day": moment(hold["ended_at"])}
        yield Line(_("Held: %(because)s") % hold + end, hold["at"])
    for halt in found["halts"]:
        yield Line(_("Stands still: %(said)s (%(reason)s)") % halt, halt["since"])
    if not found["halts"] and not any(one["holds"] for one in (*found["stops"], *found["holds"])):
        yield Line(_("No stop holds, nobody has to decide, and nothing stands still"))
    for row in found["left_out"]:
        yield Line(_("Row %(row)s of %(file)s was left out: %(because)s") % row, row["at"])
    for step in found["lost_steps"]:
        yield Line(_("Step %(step)s of %(series)s had gone before the database was restored") % step)


def _happened(found: Explanation, every_rule: bool) -> Iterator[Line]:
    if found["older"]:
        yield Line(_("(%(count)s older messages are not told here)") % found["older"])
    groups = [
        *([_entered(row)] for row in found["passages"]),
        *(group for message in found["messages"] for group in _message(message, every_rule)),
        *([_answer(one)] for one in found["came_back"]),
        *([_ended(row)] for row in found["passages"] if row["ended"]),
    ]
    # What belongs together stays together: a detail has no moment of its own.
    for group in sorted(groups, key=lambda group: group[0].at or found["at"]):
        yield from group


def _entered(row: shape.Passage) -> Line:
    return Line(_("Entered %(sequence)s, version %(version)s (list %(list)s, from %(mailbox)s)") % row, row["entered"])


def _ended(row: shape.Passage) -> Line:
    return Line(_("%(sequence)s, version %(version)s, ended: %(because)s") % row, row["ended"])


def _message(row: shape.Message, every_rule: bool) -> Iterator[list[Line]]:
    about = _("Step %(step)s") % row
    yield [Line(_("Step %(step)s planned: %(text)s (%(ref)s)") % row, row["planned"]), *_signed(row)]
    for one in row["attempts"]:
        yield [*_attempt(about, one, every_rule)]
    # What a try came to is told with it; the rest was done by somebody, or before any try.
    tried = {one["at"] for one in row["attempts"]}
    for event in (one for one in row["history"] if one["at"] not in tried):
        because = event["reason"] or row["because"]
        lines = [Line(f"{about}: {event['said']} ({', '.join(filter(None, (event['by'], because)))})", event["at"])]
        yield lines + (list(_rules([row["refusal"]], every_rule)) if row["refusal"] else [])
    for news in row["came_back"]:
        yield [Line(f"{about}: {news['said']}", news["at"])]
    if row["state"] == "planned":
        because = f": {row['because']}" if row["because"] else ""
        yield [Line(f"{about}: {_('waits until %(day)s') % {'day': moment(row['not_before'])}}{because}")]


def _signed(row: shape.Message) -> Iterator[Line]:
    if given := ", ".join(f"{one['said']} {one['by']}" for one in row["signatures"]):
        yield Line(_("signed: %(given)s") % {"given": given}, deep=1)


def _attempt(about: str, one: shape.Attempt, every_rule: bool) -> Iterator[Line]:
    yield Line(f"{about}, {_('try %(number)s') % one}: {_decided(one)}", one["at"])
    yield from _rules(one["verdicts"], every_rule)
    if one["outcome"]:
        yield Line(" – ".join(filter(None, (one["said"], one["answer"]))), deep=1)


def _decided(one: shape.Attempt) -> str:
    if not one["decided"]:
        return _("the door was not asked")
    until = _("until %(day)s") % {"day": moment(one["until"])} if one["until"] else ""
    build = one["build"]["id"] if one["build"] else "–"
    by = _("playbook %(playbook)s, code %(build)s") % {"playbook": one["playbook"], "build": build}
    return f"{', '.join(filter(None, (_answer_of(one['decided']), one['because'], until)))} [{by}]"


def _rules(verdicts: Sequence[shape.Verdict], every_rule: bool) -> Iterator[Line]:
    against = said.against(verdicts)
    for one in verdicts if every_rule else against:
        yield Line(_verdict(one), deep=1)
    if agreed := 0 if every_rule else len(verdicts) - len(against):
        yield Line(_("%(count)s rules agreed") % {"count": agreed}, deep=1)


def _verdict(one: shape.Verdict) -> str:
    until = _("until %(day)s") % {"day": moment(one["until"])} if one["until"] else ""
    looked_at = ", ".join(f"{key.replace('_', ' ')} {_shown(value)}" for key, value in one["why"].items())
    answer = ", ".join(filter(None, (_answer_of(one["outcome"]), one["because"], until)))
    told = f"{answer} ({looked_at})" if looked_at else answer
    return f"{one['means']}: {told}" if one["rule"] else told


def _answer_of(outcome: str) -> str:
    return str(Outcome(outcome).label)


def _shown(value: Any) -> str:
    return words.plain(value)


def _answer(one: shape.CameBack) -> Line:
    return Line(_("They wrote to us: %(said)s") % one, one["at"])


def _next(found: Explanation, every_rule: bool) -> Iterator[Line]:
    if step := found["next"]:
        yield from _coming(step)
        yield from _rules(step["verdicts"], every_rule)
    elif not found["passages"] and not found["lists"]:
        yield Line(_("Nothing: they are on no list"))
    else:
        yield Line(_("Nothing: no passage is under way"))
    for row in found["lists"]:
        yield Line(_("On the list %(name)s for %(sequence)s: %(because)s") % row)
        yield from _rules(row["verdicts"], every_rule)


def _coming(step: shape.Next) -> Iterator[Line]:
    due = moment(step["due"])
    yield Line(_("Step %(step)s is due %(due)s") % {"step": step["step"], "due": due or _("at no moment yet")})
    if step["earliest"]:
        yield Line(_("It goes on %(day)s at the earliest") % {"day": moment(step["earliest"])})
    elif step["waits_for"]:
        end = _(" It is given up on %(day)s.") % {"day": moment(step["expires"])} if step["expires"] else ""
        yield Line(_("It waits for the end of this: %(because)s.") % step + end)
    else:
        yield Line(_("It will not go: %(because)s") % step)
