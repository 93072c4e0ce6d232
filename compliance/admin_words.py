"""Decides how codes are said to people: verdicts, rules, actors and verbs of the ledger, in words.

Codes of upper floors are told here by `know()`; a code nobody has told is shown with its underscores as blanks.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from compliance.models import Outcome
from compliance.principals import SYSTEM
from compliance.transitions import arrows

Words = Mapping[str, Any]

_CODES: dict[str, Any] = {
    "account_cap": _("The account has had its share for now"),
    "address_guessed": _("The address was guessed, harvested or bought"),
    "lease_lost": _("Another worker had taken the message over"),
    "mailbox_cap": _("The mailbox has sent its share for now"),
    "no_legal_basis": _("There is no legal basis for writing to this person"),
    "no_source": _("Nobody stated where the address came from"),
    "person_cap": _("The person was written to recently"),
    "policy_error": _("A rule could not be asked, and any error means no"),
    "recipient_domain_cap": _("The recipient's domain has had its share for now"),
    "role_address": _("The address belongs to a function, not to a person"),
    "suppressed": _("The person must not be written to"),
}
_RULES: dict[str, Any] = {
    "AccountCap": _("Not too much mail to one account"),
    "HasLegalBasis": _("There is a legal basis and a source"),
    "Lease": _("The message is still this worker's"),
    "MailboxCap": _("Not too much mail from one mailbox"),
    "MayBeAddressed": _("The address is a person's"),
    "NotSuppressed": _("No stop holds"),
    "PersonCap": _("Not too much mail to one person"),
    "RecipientDomainCap": _("Not too much mail to one domain"),
}
_VERBS: dict[str, Any] = {
    "created": _("Created"),
    "deleted": _("Deleted"),
    "edited": _("Edited"),
    "playbook.loaded": _("Playbook loaded"),
    "suppression.recorded": _("Stop recorded"),
}
_TONES: Mapping[str, str] = {Outcome.PERMIT: "good", Outcome.DEFER: "wait", Outcome.REFUSE: "bad"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_WORDS_IN_A_NAME = re.compile(r"(?<=[a-z])(?=[A-Z])")


def know(*, codes: Words, rules: Words, verbs: Words) -> None:
    """Add the words of an upper floor."""
    _CODES.update(codes)
    _RULES.update(rules)
    _VERBS.update(verbs)


def codes() -> Words:
    """Every code that has words."""
    return _CODES


def say(code: str) -> str:
    """A code as a phrase; nothing for no code."""
    return str(_CODES[code]) if code in _CODES else code.replace("_", " ").capitalize()


def say_rule(name: str) -> str:
    """What a rule makes sure of."""
    return str(_RULES.get(name) or spelled(name))


def spelled(name: str) -> str:
    """`NotSuppressed` as words: what a rule is called that nobody has told about."""
    return _WORDS_IN_A_NAME.sub(" ", name).capitalize()


def say_verb(verb: str) -> str:
    """What was done: the label of an arrow, or the word for a recorded verb."""
    known = _VERBS.get(verb) or _VERBS.get(verb.rpartition(".")[2])
    return str(known) if known else _arrow(verb) or verb.rpartition(".")[2].replace("_", " ").capitalize()


def say_state(subject: str, state: str) -> str:
    """A state as its model labels it, for the subject `app.model:pk`."""
    model = _model(subject.partition(":")[0])
    labels = dict(model._meta.get_field("state").flatchoices) if model and _has_state(model) else {}
    return str(labels.get(state, state))


def say_subject(subject: str) -> str:
    """`sequences.contact:12` as people say it: Contact 12."""
    label, _colon, key = subject.partition(":")
    model = _model(label)
    return f"{capfirst(model._meta.verbose_name)} {key}" if model else subject


def tone(outcome: str) -> str:
    """The colour of a verdict: good, wait or bad."""
    return _TONES.get(outcome, "plain")


def name_actors(actors: Collection[str]) -> dict[str, str]:
    """{`user:7`: "Maren Lindahl", `system`: "Handoff itself"} with one query."""
    keys = {actor: actor.partition(":")[2] for actor in actors if actor.startswith("user:")}
    people = get_user_model().objects.in_bulk([int(key) for key in keys.values() if key.isdecimal()])
    names = {actor: actor for actor in actors} | {SYSTEM.name: str(_("Handoff itself"))}
    for actor, key in keys.items():
        if person := people.get(int(key) if key.isdecimal() else 0):
            names[actor] = person.get_full_name() or person.get_username()
    return names


def verdict_rows(verdicts: Collection[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Stored verdicts as a table reads them: rule, answer, tone, because, until, what the rule looked at."""
    return [
        {
            "rule": say_rule(str(verdict.get("rule", ""))),
            "answer": Outcome(verdict["outcome"]).label,
            "tone": tone(verdict["outcome"]),
            "because": say(str(verdict.get("code", ""))),
            "until": parse_datetime(verdict["until"]) if "until" in verdict else None,
            "looked_at": [(key.replace("_", " "), _plain(value)) for key, value in verdict.get("why", {}).items()],
        }
        for verdict in verdicts
    ]


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return f"{value[:12]}…" if isinstance(value, str) and _DIGEST.fullmatch(value) else str(value)


def _arrow(verb: str) -> str:
    label, _dot, name = verb.rpartition(".")
    model = _model(label)
    found = arrows(model).get(name) if model and _has_state(model) else None
    return found.label if found and found.label != name else ""


def _model(label: str) -> Any:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _has_state(model: Any) -> bool:
    return any(field.name == "state" for field in model._meta.get_fields())
