"""Says verdicts, rulings and signatures as an explanation tells them: code, words, and what was looked at."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.dateparse import parse_datetime

from compliance import admin_words as words
from compliance import verdicts
from compliance.models import Outcome
from compliance.verdicts import Ruling, Stored
from sequences.explain import shape
from sequences.models import Signature


def stored(found: Iterable[Stored]) -> list[shape.Verdict]:
    """Verdicts as a decision keeps them."""
    return [_verdict(one) for one in verdicts.read(found)]


def ruled(ruling: Ruling) -> list[shape.Verdict]:
    """Verdicts of this moment."""
    return [_verdict(verdicts.as_data(one)) for one in ruling.verdicts]


def signature(row: Signature) -> shape.Signature:
    """Who signed what."""
    signer = row.signer.get_full_name() or row.signer.get_username()
    return {"step": row.step, "said": row.get_step_display(), "by": signer, "at": row.at, "digest": row.digest}


def against(found: Iterable[shape.Verdict]) -> list[shape.Verdict]:
    """Those that did not say yes."""
    return [one for one in found if one["outcome"] != Outcome.PERMIT]


def _verdict(one: Mapping[str, Any]) -> shape.Verdict:
    rule, code = str(one.get("rule", "")), str(one.get("code", ""))
    return {
        "rule": rule,
        "means": words.say_rule(rule),
        "outcome": str(one.get("outcome", Outcome.PERMIT)),
        "code": code,
        "because": words.say(code),
        "until": parse_datetime(str(one["until"])) if one.get("until") else None,
        "why": dict(one.get("why", {})),
    }
