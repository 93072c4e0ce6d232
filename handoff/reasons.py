"""Decides which reasons there are: closed lists, which a playbook may lengthen; there is no "other" (spec L7, L8)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance import playbook

DISQUALIFIED: Mapping[str, Any] = {
    "out_of_icp": _("outside of our customer profile"),
    "competitor_in_seat": _("a competitor is in place"),
    "wrong_persona": _("the wrong person"),
    "no_real_intent": _("no real intent"),
    "geography_out_of_scope": _("a region we do not serve"),
    "pricing_out_of_range": _("our prices do not fit"),
    "bad_data": _("the data are wrong"),
}
REJECTED: Mapping[str, Any] = {
    **DISQUALIFIED,
    "wrong_industry": _("the wrong industry"),
    "no_budget_authority": _("decides about no budget"),
    "duplicate": _("there is a lead for them already"),
    "bad_contact_data": _("cannot be reached by what we know"),
    "too_small": _("too small as yet"),
    "timing": _("not now"),
}
RECYCLED: Mapping[str, Any] = {
    "too_small": _("too small as yet"),
    "timing": _("not now"),
    "budget_cycle": _("their budget is decided later"),
    "under_contract": _("bound by another contract"),
    "reorganisation": _("they are being reorganised"),
    "no_answer": _("nobody answered"),
}
LOST: Mapping[str, Any] = {
    "no_decision": _("they did not decide"),
    "price": _("the price"),
    "competitor": _("a competitor"),
    "built_in_house": _("they do it themselves"),
    "sponsor_left": _("our sponsor has left"),
    "budget_withdrawn": _("the budget was withdrawn"),
    "scope_mismatch": _("they need something else"),
}
ARCHIVED: Mapping[str, Any] = {
    "permanent_no": _("a no for good"),
    "ended": _("nothing came of it"),
    "left_company": _("has left the company"),
}
_BUILT_IN: Mapping[str, Mapping[str, Any]] = {
    "disqualified": DISQUALIFIED,
    "rejected": REJECTED,
    "recycled": RECYCLED,
    "lost": LOST,
    "archived": ARCHIVED,
}
_DAYS: Mapping[str, int] = {
    "too_small": 90,
    "timing": 120,
    "under_contract": 60,
    "reorganisation": 120,
    "no_answer": 60,
}
_DAYS_OTHERWISE = 120


def choices(of: str) -> Sequence[tuple[str, Any]]:
    """The reasons of one list as (code, words), the built-in ones first. Raises NoPlaybook."""
    ours = _BUILT_IN[of]
    stated = playbook.section("reasons").get(of, ())
    added = {str(code): str(code).replace("_", " ") for code in stated if str(code) not in ours}
    return [*ours.items(), *added.items()]


def returns_after(reason: str) -> timedelta:
    """How long a recycled lead rests by default. Raises NoPlaybook."""
    stated = playbook.section("reasons").get("recycled", {})
    days = stated.get(reason) if isinstance(stated, Mapping) else None
    return timedelta(days=days if isinstance(days, int) else _DAYS.get(reason, _DAYS_OTHERWISE))


def say(reason: str) -> str:
    """A reason in words."""
    known = {code: words for reasons in _BUILT_IN.values() for code, words in reasons.items()}
    return str(known.get(reason, reason.replace("_", " ")))
