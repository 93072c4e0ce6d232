"""Decides whether a playbook of the right form makes sense: whether what it says in one place holds in another. Pure.

Lists of reasons grow and never shrink; there is no “other” (spec L8). Three fixed pairs of tier and intent are the
house's own (L9), a sequence is only ever tightened (SQ1), and each rejection leads somewhere (H7).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance import caps
from compliance.calendar import CalendarError
from compliance.caps import CapError
from compliance.refusals import Refusal
from handoff import playbook_form as form
from handoff import reasons
from sequences import policy, validity
from sequences.validity import ApprovalsError

FAULTS_TOLD = 100
_LISTS: Mapping[str, Sequence[str]] = {
    "disqualified": tuple(reasons.DISQUALIFIED),
    "rejected": (*reasons.DISQUALIFIED, "wrong_industry", "no_budget_authority", "duplicate", "bad_contact_data"),
}
_TIERS = {("1", "high"): "A", ("1", "medium"): "B", ("2", "medium"): "B", ("2", "low"): "C", ("3", "low"): "C"}


def faults(document: Mapping[str, Any]) -> list[Refusal]:
    """Everything that keeps a document from being a playbook, each with its place; a hundred at the most are told."""
    found = chain(form.whole_document(document, ""), _bounds(document))
    told = list(islice(found, FAULTS_TOLD))
    if told:
        return told
    return list(islice(chain.from_iterable(ask(document) for ask in _ASKED), FAULTS_TOLD))


def _bounds(document: Mapping[str, Any]) -> Iterator[Refusal]:
    """Caps and the life of a signature, as the floors that keep to them read them."""
    asked: Sequence[tuple[str, Callable[[Any], None]]] = (("caps", caps.check), ("approvals", validity.check))
    for key, check in asked:
        try:
            check(document.get(key, {}))
        except (CapError, ApprovalsError, CalendarError) as error:
            where, _colon, said = str(error).partition(": ")
            yield Refusal("out_of_bounds", said, where)


def _reasons(document: Mapping[str, Any]) -> Iterator[Refusal]:
    for key, least in _LISTS.items():
        for reason in least:
            if reason not in document["reasons"][key]:
                said = _("“%(reason)s” is missing; lists of reasons grow and do not shrink") % {"reason": reason}
                yield Refusal("reason_missing", said, f"reasons.{key}")
    for key, listed in document["reasons"].items():
        if len(set(listed)) < len(listed):
            yield Refusal("twice", _("says the same twice"), f"reasons.{key}")
        if "other" in listed:
            yield Refusal("no_other", _("there is no “other”; say what it is"), f"reasons.{key}")


def _rejections(document: Mapping[str, Any]) -> Iterator[Refusal]:
    stated, ways = document["reasons"], document["rejections"]
    known = [*dict.fromkeys([*reasons.REJECTED, *stated["rejected"]])]
    for reason in known:
        if reason not in ways:
            yield Refusal("missing", _("missing; each reason to reject leads somewhere"), f"rejections.{reason}")
    for reason, way in ways.items():
        if reason not in known:
            yield Refusal("not_in_list", _("is no reason to reject a lead"), f"rejections.{reason}")
        if way == "recycle" and reason not in stated["recycled"]:
            said = _("comes back after how many days? reasons.recycled does not say")
            yield Refusal("missing", said, f"rejections.{reason}")


def _tiers(document: Mapping[str, Any]) -> Iterator[Refusal]:
    for (tier, intent), fixed in _TIERS.items():
        if document["tiers"][tier][intent] != fixed:
            yield Refusal("fixed", _("is always %(tier)s") % {"tier": fixed}, f"tiers.{tier}.{intent}")


def _policies(document: Mapping[str, Any]) -> Iterator[Refusal]:
    for key, ours in policy.POLICIES.items():
        theirs = document["sequences"][key]
        if not 1 <= theirs["touches"] <= ours.touches:
            said = _("must be 1 to %(most)d; a sequence is only tightened") % {"most": ours.touches}
            yield Refusal("out_of_bounds", said, f"sequences.{key}.touches")
        if theirs["days"] < ours.days:
            said = _("must be %(least)d or more; a sequence is only tightened") % {"least": ours.days}
            yield Refusal("out_of_bounds", said, f"sequences.{key}.days")
    if document["sequences"]["post_briefing"]["touches"]:
        by_hand = _("must be 0: after a briefing a person writes, no template does")
        yield Refusal("out_of_bounds", by_hand, "sequences.post_briefing.touches")


def _evidence(document: Mapping[str, Any]) -> Iterator[Refusal]:
    """That a criterion names a list of reasons or a clock that there is."""
    known = {"reason": document["reasons"], "clock": document["clocks"]}
    for stage, row in document["stages"].items():
        for end, shown in row["shown_by"].items():
            for one in shown:
                kind, _colon, called = one.partition(": ")
                if kind in known and called not in known[kind]:
                    said = _("there is no %(kind)s “%(called)s”") % {"kind": kind, "called": called}
                    yield Refusal("not_in_list", said, f"stages.{stage}.shown_by.{end}")


def _others(document: Mapping[str, Any]) -> Iterator[Refusal]:
    if document["mql"]["stale_days"] > document["mql"]["signal_days"]:
        yield Refusal("out_of_bounds", _("must not be more than mql.signal_days"), "mql.stale_days")
    if document["replies"]["ooo_default_days"] > document["replies"]["ooo_longest_days"]:
        said = _("must not be more than replies.ooo_longest_days")
        yield Refusal("out_of_bounds", said, "replies.ooo_default_days")
    rules = document["routing"]["rules"]
    for number, rule in enumerate(rules, start=1):
        where = f"routing.rules[{number}]"
        if (rule["when"] in {"country", "industry"}) != ("among" in rule):
            yield Refusal("missing", _("“country” and “industry” say among which, the others do not"), where)
        if (rule["when"] == "otherwise") != (number == len(rules)):
            yield Refusal("out_of_place", _("the last rule, and no other, is “otherwise”"), where)


_ASKED = (_reasons, _rejections, _tiers, _policies, _evidence, _others)
