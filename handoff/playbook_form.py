"""Decides what a playbook has to say, key by key (spec L13); docs/playbook.md says what each key means. Pure.

Nothing in it runs: it is read, found complete, signed, and read again by those who decide. What a key promises about
another one (a reason that has a way back, a loosened cap that has its reason) is asked in `handoff.playbook_sense`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _now

from compliance import calendar
from compliance.calendar import CalendarError
from compliance.refusals import Refusal
from handoff.criteria import GATES, INDICATORS, SIGNALS
from handoff.durations import parse, parse_due
from handoff.models import Intent, Stage, Tier
from handoff.roles import ROLES
from handoff.shapes import Shape, listed, name, names, one_of, readable, table, text, whole

CLOCKS = (
    *("accept_A", "accept_B", "accept_C", "sql_to_ae", "mql_classified", "sql_decided", "approval", "reply_waits"),
)
PAYLOAD = (
    *("source", "company", "title", "touchpoints", "signals", "ruled_out", "indicators", "open_questions"),
    *("tier", "due_at"),
)
ANSWERS = ("positive", "neutral", "negative", "opt_out", "absence", "auto_reply", "other")
_INTENTS = (Intent.HIGH.value, Intent.MEDIUM.value, Intent.LOW.value)
_YEAR, _DECADE = 366, 3660
_FIELDS = ("contact.first_name", "account.name", "account.industry", "account.ecosystem")
_SHOWS = re.compile(r"gates|signals|indicators|[GS][1-5]|E[1-7]|(?:field|activity|clock|reason): \S.{0,60}")
_PATTERN = 300

role = one_of(*(one for one in ROLES if one != "integration"))
intent = one_of(*_INTENTS)
duration = readable(parse)
_days = whole(1, _DECADE)
_line, _word = text(500), text(120)


def _pattern(value: str) -> object:
    if len(value) > _PATTERN:
        raise ValueError(_now("a pattern has at most %(longest)d characters") % {"longest": _PATTERN})
    try:
        return re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _evidence(value: str) -> object:
    if _SHOWS.fullmatch(value):
        return value
    raise ValueError(
        _now("shows nothing; name gates, signals, indicators or one of them, or a field, activity, clock or reason")
    )


def _country(value: str) -> object:
    if re.fullmatch(r"[A-Z]{2}", value):
        return value
    raise ValueError(_now("not a country; write two capitals, like US"))


def windows(value: Any, where: str) -> Iterator[Refusal]:
    """Hours of a desk, or of sending, as `compliance.calendar` reads them."""
    faults = list(listed(table({"days": listed(_word, 1, 7), "opens": _word, "closes": _word}), 1, 50)(value, where))
    yield from faults
    if not faults:
        try:
            calendar.parse_windows(value)
        except CalendarError as error:
            yield Refusal("unreadable", error.what, where)


def _keys(keys: tuple[str, ...], each: Shape) -> Shape:
    return table(dict.fromkeys(keys, each))


def anything(value: Any, where: str) -> Iterator[Refusal]:
    """What is asked elsewhere."""
    yield from ()


_STAGE = table(
    {
        **dict.fromkeys(("sentence", "entry", "exit", "exit_otherwise"), _line),
        "shown_by": _keys(("entry", "exit", "exit_otherwise"), listed(readable(_evidence), 1, 20)),
        **dict.fromkeys(("owner", "doer", "escalates_to"), role),
        "due": readable(parse_due),
    }
)
_POLICY = {"touches": whole(0, 100), "days": whole(0, _YEAR), "then": _line}
_PEACE = {"cool_down_days": _days}
_DESK = table(
    {"person": _word, "role": role, "zone": readable(calendar.zone), "country": readable(_country), "windows": windows},
    {"subdivision": _word},
)
_RULE = table(
    {"when": one_of("open_handoff", "country", "industry", "otherwise"), "to": _word}, {"among": listed(_word)}
)
_RAISED = table(
    {
        "signals": listed(one_of(*SIGNALS), 1, 7),
        "times": whole(1, 100),
        "within_days": _days,
        "to": intent,
        "when": _line,
    }
)
_COMMITMENT = table(
    {
        "who": one_of("marketing", "sales", "both"),
        **dict.fromkeys(("what", "target", "measure"), _line),
        "owner": _word,
    }
)

SECTIONS: Mapping[str, Shape] = {
    "sender": table(
        {"legal_name": text(200), "postal_address": _line},
        dict.fromkeys(("domain", "person", "address", "privacy_contact", "offers"), _line),
    ),
    "gates": _keys(
        GATES,
        table(
            {
                **dict.fromkeys(("name", "passes_when", "evidence"), _line),
                "checked_by": role,
                "valid_days": _days,
            }
        ),
    ),
    "icp_tiers": _keys(("1", "2", "3"), _line),
    "signals": _keys(tuple(SIGNALS), table({**dict.fromkeys(("name", "counts", "seen_in"), _line), "intent": intent})),
    "mql": table({"signal_days": _days, "stale_days": _days, "classify_within": duration}),
    "indicators": _keys(
        INDICATORS,
        table(
            {
                **dict.fromkeys(("name", "there_when", "evidence"), _line),
                "valid_days": _days,
                "subject": one_of("account", "contact"),
            }
        ),
    ),
    "sql": table({"indicators": whole(3, 5), "decide_within": duration}),
    "tiers": _keys(("1", "2", "3"), _keys(_INTENTS, one_of(*Tier.values))),
    "stages": _keys(tuple(Stage.values), _STAGE),
    "clocks": _keys(CLOCKS, table({"runs_for": duration, "warned_at": listed(whole(1, 99), 1, 5), "then": _line})),
    "reasons": table(
        {
            **dict.fromkeys(("disqualified", "rejected", "lost", "opted_out", "clock_paused"), listed(name)),
            "recycled": names(whole(1, _DECADE)),
        },
        {"archived": listed(name)},
    ),
    "rejections": names(one_of("recycle", "nurture", "join", "mend", "disqualify")),
    "routing": table(
        {
            "rules": listed(_RULE),
            "most_open_leads": whole(1, 10_000),
            "unassigned_watched_by": role,
            "unassigned_within": duration,
        }
    ),
    "payload": table({"required": listed(one_of(*PAYLOAD), 1, len(PAYLOAD))}),
    "sequences": table(
        {
            "nurture": table(_POLICY, _PEACE),
            "activation": table(_POLICY, _PEACE),
            "re_engagement": table(_POLICY, _PEACE),
            "post_briefing": table(_POLICY, _PEACE),
        },
        {"stale_after_days": whole(1, _YEAR), "windows": windows},
    ),
    "replies": table(
        {
            **dict.fromkeys(("ooo_default_days", "ooo_longest_days", "colleague_delay_days"), whole(1, _YEAR)),
            **dict.fromkeys(ANSWERS, table({"goes_to": one_of("system", *ROLES), "then": _line})),
        }
    ),
    "commitments": table({"rows": listed(_COMMITMENT)}),
}
BESIDES: Mapping[str, Shape] = {
    "people": table({}, dict.fromkeys((one for one in ROLES if one != "integration"), _line)),
    "desks": table({"rows": listed(_DESK)}),
    "intent": table({"raised": listed(_RAISED)}),
    "attempts": table({"minimum": whole(1, 100), "within": duration, "channels": whole(1, 10)}),
    "content": table(
        {},
        {
            **dict.fromkeys(
                ("banned_phrases", "required_phrases", "opening_without", "allowed_hosts"), listed(_word, 0)
            ),
            "required_values": listed(one_of(*_FIELDS), 0),
            "subject_longest": whole(10, 200),
            "price_patterns": listed(readable(_pattern), 0, 50),
            "protected_terms": listed(table({"right": _word, "wrong": listed(_word, 0)}), 0),
        },
    ),
    "recipients": table({}, {"never_domains": listed(_word, 0, 5000)}),
    # Read by the floors that keep to them.
    "caps": anything,
    "approvals": anything,
}
whole_document = table(SECTIONS, BESIDES)
