"""Decides how codes are said to people: verdicts, rules, actors and verbs of the ledger, in words.

Codes of upper floors are told here by `know()`; a code nobody has told is shown with its underscores as blanks.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField

from compliance import verdicts
from compliance.models import Outcome
from compliance.principals import SYSTEM
from compliance.transitions import arrows

Words = Mapping[str, Any]

_CODES: dict[str, Any] = {
    "account_cap": _("The account has had its share for now"),
    "another_journal": _("The journal of this host belongs to another installation"),
    "address_guessed": _("The address was guessed, harvested or bought"),
    "behind_journal": _("The database is older than this host's journal"),
    "database_moved": _("This host was armed for a database at another address"),
    "declared_gone": _("This host was declared gone; a person arms it if it shall send again"),
    "domain_fails": _("The records of our sending domain would have receivers refuse or doubt it"),
    "domain_unchecked": _("The records of our sending domain have not been seen, or not for 48 hours"),
    "disarmed": _("The installation is disarmed until a person arms it"),
    "former_life": _("The database of before a failover is back"),
    "halted": _("Somebody stopped it; two people start it again"),
    "halted_on_host": _("The host that was sending it is stopped"),
    "held": _("The person is held until somebody has decided what follows from an answer"),
    "inbox_stale": _('The inbox of the mailbox has not been read for 15 minutes; a "stop" may lie in it'),
    "journal_unavailable": _("The journal of this host cannot be used"),
    "lease_lost": _("Another worker had taken the message over"),
    "mailbox_cap": _("The mailbox has sent its share for now"),
    "mailbox_minute_cap": _("The mailbox has sent its share for this minute"),
    "new_epoch": _("This host has yet to write down what its journal knows"),
    "never_armed_here": _("This host was never armed for this installation"),
    "not_compared": _("This host has yet to compare its journal with the database"),
    "not_set_up": _("The database has not been set up"),
    "new_people_cap": _("The mailbox has written to enough new people for now"),
    "no_legal_basis": _("There is no legal basis for writing to this person"),
    "opt_outs_not_declared": _("Nobody has said yet what became of the opt-outs of the time before"),
    "opt_outs_may_wait": _("A web host may hold opt-outs that are not in the database yet"),
    "no_source": _("Nobody stated where the address came from"),
    "older_epoch": _("The database is from before it was last armed"),
    "person_cap": _("The person was written to recently"),
    "policy_error": _("A rule could not be asked, and any error means no"),
    "recipient_domain_cap": _("The recipient's domain has had its share for now"),
    "replayed": _("Cleared before a restore; taken back from the journal"),
    "role_address": _("The address belongs to a function, not to a person"),
    "wireless_domain": _("Mail to this domain arrives as a text message on a telephone"),
    "never_domain": _("The playbook says that nobody at this domain is written to"),
    "suppressed": _("The person must not be written to"),
    "looks_suppressed": _("The address imitates one, or a domain, that must not be written to"),
    "unknown_host": _("The database does not know this host, which has sent for it"),
    "unsubscribe_link_broken": _("The unsubscribe link has not worked from outside for 15 minutes"),
    "waits_for_hosts": _("Another host has yet to compare its journal with the database"),
}
_RULES: dict[str, Any] = {
    "AccountCap": _("Not too much mail to one account"),
    "Armed": _("This database is the one that sends, and this host may send for it"),
    "HasLegalBasis": _("There is a legal basis and a source"),
    "Lease": _("The message is still this worker's"),
    "MailboxCap": _("Not too much mail from one mailbox"),
    "MailboxMinuteCap": _("Not too fast from one mailbox"),
    "NewPeopleCap": _("Not too many new people from one mailbox"),
    "MayBeAddressed": _("The address is a person's"),
    "NotHalted": _("Nothing it belongs to stands still"),
    "NotHeld": _("Nobody has to decide first what they want"),
    "NotSuppressed": _("No stop holds"),
    "InboxIsRead": _("The inbox of the mailbox has lately been read"),
    "EarlierOptOutsAreKnown": _("The opt-outs of the time before are known"),
    "OptOutsAreIn": _("Every opt-out is in the database"),
    "PersonCap": _("Not too much mail to one person"),
    "RecipientDomainCap": _("Not too much mail to one domain"),
    "SendingDomainPasses": _("The records of the sending domain let receivers believe it"),
    "UnsubscribeWorks": _("The unsubscribe link works from outside"),
}
_VERBS: dict[str, Any] = {
    "access.denied": _("Was refused"),
    "access.factor_asked": _("Was asked for a second factor"),
    "access.factor_failed": _("Second factor failed"),
    "access.factor_used": _("Second factor used"),
    "access.sign_in_failed": _("Sign-in failed"),
    "access.signed_in": _("Signed in"),
    "access.signed_out": _("Signed out"),
    "build.first_used": _("Another build of the code began to work"),
    "created": _("Created"),
    "deleted": _("Deleted"),
    "edited": _("Edited"),
    "compliance.company.merged": _("Merged: two turned out to be one company"),
    "compliance.company.replayed": _("Merge of two companies taken back from the journal"),
    "compliance.personkey.merged": _("Merged: two turned out to be one person"),
    "compliance.personkey.split": _("Split: one address turned out to be somebody else's"),
    "personal.exported": _("Personal data exported"),
    "personal.listed": _("Personal data listed"),
    "personal.viewed": _("Personal data viewed"),
    "heartbeat.retired": _("Web host declared gone for good"),
    "door.defer": _("The door: not yet"),
    "door.lift": _("Stop lifted"),
    "door.permit": _("The door: may go"),
    "door.refuse": _("The door: no"),
    "door.stop": _("Stop recorded"),
    "door.touch": _("Counted as sent"),
    "factor_added": _("Second factor set up"),
    "factor_removed": _("Second factor removed"),
    "halt.lifted": _("Started again"),
    "halt.placed": _("Sending stopped"),
    "hold.ended": _("Hold ended"),
    "hold.placed": _("Held until somebody decides"),
    "installation.followed": _("A host wrote down again what its journal knew"),
    "journalhost.retired": _("Host that keeps a journal declared gone for good"),
    "incident.opened": _("Incident opened"),
    "sendingdomain.fails": _("Sending domain began to fail"),
    "sendingdomain.passes": _("Sending domain passes"),
    "playbook.loaded": _("Playbook loaded"),
    "compliance.liftrequest.asked": _("Asked to lift the stop"),
    "optin.recorded": _("Opt-in recorded"),
    "suppression.kept": _("A file would have brought the person back; the stop holds"),
    "suppression.imitated": _("A file held an address that imitates one the stop holds for; it was not taken"),
    "suppression.lift_asked": _("Asked to lift it"),
    "suppression.lifted": _("Lifted"),
    "suppression.recorded": _("Stop recorded"),
    "suppression.replayed": _("Stop taken back from the journal"),
}
_TONES: Mapping[str, str] = {Outcome.PERMIT: "good", Outcome.DEFER: "wait", Outcome.REFUSE: "bad"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_WORDS_IN_A_NAME = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Scope:
    """What a halt may name, as people say it; `subject` is its row, `app.model:pk`, where it has one."""

    said: str
    subject: str = ""


_SCOPES: dict[str, Callable[[str], Scope | None]] = {
    "installation": lambda _key: Scope(str(_("All sending"))),
    "recipient-domain": lambda key: Scope(str(_("Everything to %(domain)s and below it") % {"domain": key})),
}


def know(*, codes: Words, rules: Words, verbs: Words) -> None:
    """Add the words of an upper floor."""
    _CODES.update(codes)
    _RULES.update(rules)
    _VERBS.update(verbs)


def know_scopes(scopes: Mapping[str, Callable[[str], Scope | None]]) -> None:
    """Add what an upper floor can stop: {kind: what a key of it is called, None for a key that names nothing}."""
    _SCOPES.update(scopes)


def find_scope(scope: str) -> Scope | None:
    """`mailbox:1` as people say it; None when there is no such thing."""
    kind, _colon, key = scope.partition(":")
    return _SCOPES[kind](key) if kind in _SCOPES else None


def say_scope(scope: str) -> str:
    """`mailbox:1` as people say it, or as it stands when nobody knows it any more."""
    found = find_scope(scope)
    return found.said if found else scope


def codes() -> Words:
    """Every code that has words."""
    return _CODES


def say(code: str, about: str = "") -> str:
    """A code as a phrase; nothing for no code. `about` is a subject, where the code means what it means there only."""
    known = _CODES.get(f"{about.partition(':')[0]}.{code}") or _CODES.get(code)
    return str(known) if known else code.replace("_", " ").capitalize()


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
    field = _state_field(model) if model else None
    labels = dict(field.flatchoices) if field else {}
    return str(labels.get(state, state))


def say_subject(subject: str) -> str:
    """`sequences.contact:12` as people say it: Contact 12; without a key, all of them."""
    label, _colon, key = subject.partition(":")
    model = _model(label)
    if model is None:
        return subject
    return f"{capfirst(model._meta.verbose_name)} {key}" if key else capfirst(model._meta.verbose_name_plural)


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


def verdict_rows(stored: Iterable[verdicts.Stored]) -> list[dict[str, Any]]:
    """Stored verdicts as a table reads them: rule, answer, tone, because, until, what the rule looked at."""
    return [
        {
            "rule": say_rule(str(verdict.get("rule", ""))),
            "answer": Outcome(verdict.get("outcome", Outcome.PERMIT)).label,
            "tone": tone(verdict.get("outcome", Outcome.PERMIT)),
            "because": say(str(verdict.get("code", ""))),
            "until": parse_datetime(verdict["until"]) if "until" in verdict else None,
            "looked_at": [(key.replace("_", " "), plain(value)) for key, value in verdict.get("why", {}).items()],
        }
        for verdict in verdicts.read(stored)
    ]


def plain(value: Any) -> str:
    """What a rule looked at, as people read it: lists with commas, digests cut short."""
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return f"{value[:12]}…" if isinstance(value, str) and _DIGEST.fullmatch(value) else str(value)


def _arrow(verb: str) -> str:
    label, _dot, name = verb.rpartition(".")
    model = _model(label)
    found = arrows(model).get(name) if model and _state_field(model) else None
    return found.label if found and found.label != name else ""


def _model(label: str) -> Any:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _state_field(model: Any) -> Any:
    return next((field for field in model._meta.get_fields() if isinstance(field, FSMField)), None)
