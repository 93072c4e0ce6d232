"""Decides what a mail server's answer means: what is certain then, whose fault a refusal is, and when to try again.

The first digit of the three-digit code decides between *later* and *never*; the enhanced code (RFC 3463) only refines.
A fault of the sending side never reaches the recipient. Codes as published by Google, Microsoft and the IANA registry.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

_LONGEST_TEXT = 500
_STATUS = re.compile(r"^#?([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)[ :]*")


class Phase(StrEnum):
    """How far a delivery has come. EHLO belongs to `greeting`; `body` ends where the final dot (`dot`) begins."""

    CONNECT = "connect"
    GREETING = "greeting"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    GATE = "gate"
    DATA = "data"
    BODY = "body"
    DOT = "dot"


@dataclass(frozen=True)
class Reply:
    """What a server said: `code` 200–599, `enhanced` like `5.1.1` or empty, `text` one clean line, at most 500 long."""

    code: int
    enhanced: str
    text: str


def read_reply(code: int, raw: bytes) -> Reply:
    """A reply as it came off the wire, its lines joined by newlines, made safe to store and to show."""
    lines = raw.decode("utf-8", "replace").splitlines()
    status = _STATUS.match(lines[0]) if lines else None
    # Providers repeat the enhanced code on each line, in the middle of a sentence.
    words = " ".join(" ".join(_STATUS.sub("", line) for line in lines).split())
    shown = "".join(char for char in words if not unicodedata.category(char).startswith("C"))
    return Reply(code, status[1] if status else "", shown[:_LONGEST_TEXT])


@dataclass(frozen=True)
class Accepted:
    """2xx to the final dot: the server has the message, whatever happens to the connection later."""

    reply: Reply


@dataclass(frozen=True)
class Rejected:
    """4xx or 5xx: the server does not have the message."""

    phase: Phase
    reply: Reply

    @property
    def permanent(self) -> bool:
        """By the three-digit code; the enhanced code has no say (RFC 5321 §4.2.1)."""
        return self.reply.code // 100 == 5


@dataclass(frozen=True)
class NotSent:
    """The conversation broke before the final dot was handed over: certainly not sent, may be tried again."""

    phase: Phase
    error: str


@dataclass(frozen=True)
class InDoubt:
    """The final dot was handed over and no reply came: never to be sent again without evidence."""

    phase: Phase
    error: str


@dataclass(frozen=True)
class Withheld:
    """The gate said no: DATA was never spoken."""


Outcome: TypeAlias = Accepted | Rejected | NotSent | InDoubt | Withheld


class Effect(StrEnum):
    """What a refusal asks for. The `stop_…` ones say nothing of the message: its reply's first digit does."""

    RETRY = "retry"
    GIVE_UP = "give_up"
    SUPPRESS_HARD = "suppress_hard"
    SUPPRESS_STOP = "suppress_stop"
    STOP_MAILBOX = "stop_mailbox"
    STOP_DOMAIN = "stop_domain"
    FIX_MESSAGE = "fix_message"


@dataclass(frozen=True)
class Disposition:
    """One effect with its reason. `wait`: the least time before that mailbox (or message) is tried again, if known."""

    effect: Effect
    code: str
    wait: timedelta | None = None


@dataclass(frozen=True)
class _Rule:
    """Matches when every pattern given does; `status` is the enhanced code, `phrase` is searched in the words."""

    effect: Effect
    code: str
    reply: str = "5.."
    status: str = ""
    phrase: str = ""
    phases: frozenset[Phase] = frozenset(Phase)
    wait: timedelta | None = None


QUIET = timedelta(minutes=10)
A_DAY = timedelta(days=1)
_BEFORE_MAIL = frozenset({Phase.CONNECT, Phase.GREETING, Phase.TLS})
_LOGIN = frozenset({Phase.AUTH})
_SENDER_NAMED = frozenset({Phase.MAIL})
_RECIPIENT_NAMED = frozenset({Phase.RCPT, Phase.DATA, Phase.BODY, Phase.DOT})
_ADMISSION = _SENDER_NAMED | {Phase.RCPT}

_TOO_FAST = r"\brates?\b|rate.?limit|throttl|too (many|much|fast|quickly)|frequency|unexpected volume"
_DISTRUST = r"\b(spam|blocked|blacklist\w*|block ?list\w*|dnsbl|rbl|reputation|listed|banned|virus|unsolicited|ube)\b"
_NO_PERSON = (
    r"\b(user|recipient|mailbox|account)( is| was)? (unknown|not found)"
    r"|unknown (user|recipient|mailbox|e-?mail address)"
    r"|\b(user|recipient|mailbox|account|address)( that you tried to reach)? (does not|doesn't|not) exist"
    r"|no such (user|recipient|mailbox|person|account)|invalid recipient|no mailbox here|user doesn't have an? "
    r"|not our (user|customer)|no longer on (this )?server"
)
_NO_SENDER = (
    r"\bsender\b.{0,40}\brejected\b.{0,20}(unknown|not found|not owned|exist)|\bsender verif|verification failed for"
    r"|send as denied"
)
_OWN_BLOCK = (
    r"recipient (has )?(blocked|rejects|refuses)( (mail|e-?mails?|messages?))?( from)? (you|the sender|this sender)\b"
    r"|user (has )?blocked (you|the sender|this sender)\b|due to recipient preferences"
    r"|blocked by (the |this )?(recipient|addressee|user)(?!'s? (domain|server|organi[sz]ation|network|system|policy))"
    r"|(does not|doesn't) (want|wish) to (receive|get) .{0,30}(from )?(you|this sender)\b"
)

# First match wins. Faults of ours come before anything that could touch the recipient (LAW SMTP-07).
_TABLE = (
    # The conversation with our own server.
    _Rule(Effect.STOP_MAILBOX, "login_refused", phases=_LOGIN),
    _Rule(Effect.RETRY, "login_deferred", reply="4..", phases=_LOGIN, wait=QUIET),
    _Rule(Effect.STOP_MAILBOX, "session_refused", phases=_BEFORE_MAIL),
    _Rule(Effect.STOP_MAILBOX, "login_refused", reply="53[0458]"),
    _Rule(Effect.STOP_MAILBOX, "login_refused", status=r"5\.7\.(8|14|57|139)"),
    _Rule(Effect.STOP_MAILBOX, "login_refused", status=r"5\.7\.30", phrase="basic auth"),
    # Who we say we are.
    _Rule(Effect.STOP_DOMAIN, "authentication", reply="[45]..", status=r"[45]\.7\.(2[0-7]|29|3[0-2]|40|509|515)"),
    _Rule(Effect.STOP_DOMAIN, "authentication", phrase=r"\b(spf|dkim|dmarc|rdns|ptr)\b|reverse dns"),
    _Rule(Effect.STOP_MAILBOX, "account_blocked", status=r"5\.1\.8|5\.7\.(50[123]|70[58]|750)", phrase="access denied"),
    _Rule(Effect.STOP_MAILBOX, "sender_refused", status=r"5\.1\.[78]|5\.7\.60"),
    _Rule(Effect.STOP_MAILBOX, "sender_refused", status=r"5\.1\.\d+", phases=_SENDER_NAMED),
    _Rule(Effect.STOP_MAILBOX, "sender_refused", phrase=_NO_SENDER),
    _Rule(Effect.STOP_MAILBOX, "relay_denied", phrase=r"relay\w* (access )?(denied|not)|to relay", phases=_ADMISSION),
    # How much may be sent, and how fast.
    _Rule(Effect.GIVE_UP, "recipient_rate", status=r"5\.2\.1", phrase=_TOO_FAST),
    _Rule(Effect.RETRY, "recipient_rate", reply="4..", status=r"4\.2\.1", phrase=_TOO_FAST, wait=QUIET),
    _Rule(Effect.STOP_MAILBOX, "quota", status=r"5\.4\.5", wait=A_DAY),
    _Rule(Effect.STOP_MAILBOX, "quota", reply="[45]..", phrase=r"\bdaily\b.{0,60}\b(limit|quota)", wait=A_DAY),
    _Rule(Effect.STOP_MAILBOX, "quota", status=r"5\.7\.[01]", phrase=r"rate.?limit|e-?mail quota", wait=A_DAY),
    _Rule(Effect.STOP_MAILBOX, "rate_blocked", status=r"5\.7\.28", wait=A_DAY),
    _Rule(Effect.STOP_MAILBOX, "rate_blocked", phrase="unusual rate", wait=A_DAY),
    _Rule(Effect.RETRY, "rate_limited", reply="4..", status=r"4\.7\.(28|650)", wait=QUIET),
    _Rule(Effect.RETRY, "rate_limited", reply="4..", status=r"(4\.[347]\.\d+)?", phrase=_TOO_FAST, wait=QUIET),
    # What the recipient wants, and whether there is one.
    _Rule(Effect.SUPPRESS_STOP, "blocked_by_recipient", status=r"(5\.(7\.\d+|1\.1|2\.1))?", phrase=_OWN_BLOCK),
    _Rule(Effect.RETRY, "mailbox_full", reply="4..", status=r"4\.2\.2"),
    _Rule(Effect.GIVE_UP, "mailbox_full", status=r"5\.2\.2"),
    _Rule(Effect.GIVE_UP, "mailbox_full", phrase=r"(mailbox|inbox|folder) (is )?full|over ?quota|quota exceeded"),
    _Rule(Effect.GIVE_UP, "policy", status=r"(5\.[^47]\.\d+)?", phrase=_DISTRUST),
    _Rule(Effect.SUPPRESS_HARD, "no_such_person", status=r"5\.1\.([1236]|10)"),
    _Rule(
        Effect.SUPPRESS_HARD, "no_such_person", status=r"5\.4\.1", phrase="recipient address rejected: access denied"
    ),
    _Rule(Effect.SUPPRESS_HARD, "no_such_person", phrase=_NO_PERSON),
    _Rule(Effect.SUPPRESS_HARD, "no_such_person", reply="556"),
    _Rule(Effect.SUPPRESS_HARD, "mailbox_disabled", status=r"5\.2\.1", phrase=r"inactive|disabled|deactivated"),
    _Rule(Effect.GIVE_UP, "mailbox_disabled", status=r"5\.2\.1"),
    _Rule(Effect.GIVE_UP, "mailbox_unavailable", phrase="mailbox unavailable"),
    # What the message looks like.
    _Rule(Effect.FIX_MESSAGE, "too_big", status=r"5\.3\.4|5\.2\.3"),
    _Rule(Effect.FIX_MESSAGE, "too_big", reply="552", phrase=r"\bsize\b|too (big|large)"),
    _Rule(Effect.FIX_MESSAGE, "malformed", status=r"5\.[56]\.\d+|5\.7\.512"),
    _Rule(Effect.FIX_MESSAGE, "malformed", phrase=r"\brfc ?(822|2822|5322)\b|duplicate header|addresses in from"),
    _Rule(Effect.FIX_MESSAGE, "malformed", reply="50[0-4]|555"),
    # Roads and opinions.
    _Rule(Effect.RETRY, "system", reply="4..", status=r"4\.[34]\.\d+"),
    _Rule(Effect.GIVE_UP, "unroutable", status=r"5\.4\.\d+"),
    _Rule(Effect.GIVE_UP, "policy", status=r"5\.7\.\d+"),
)
_PERSONAL = frozenset({Effect.SUPPRESS_HARD, Effect.SUPPRESS_STOP})
# What a message says whose address does not exist (any more); breakers count these.
HARD_REASONS = frozenset(rule.code for rule in _TABLE if rule.effect == Effect.SUPPRESS_HARD)
_NOT_WORDS = re.compile(r"\S+@\S+|https?://\S+")

_FIRST_RETRY = timedelta(minutes=30)
_LATER_RETRIES = timedelta(minutes=150)
_SHORTEST_FIRST = timedelta(minutes=15)
_SHORTEST_LATER, _LONGEST_LATER = timedelta(hours=2), timedelta(hours=3)


def disposition(phase: Phase, reply: Reply) -> Disposition:
    """What a 4xx or 5xx reply in that phase asks for (LAW 9.3, SMTP-04 to SMTP-07). Other replies: ValueError."""
    if reply.code // 100 not in (4, 5):
        raise ValueError(f"{reply.code} is no refusal")
    for rule in _TABLE:
        if _matches(rule, phase, reply):
            return Disposition(rule.effect, rule.code, rule.wait)
    if reply.code // 100 == 4:
        return Disposition(Effect.RETRY, "unknown_transient")
    return Disposition(Effect.GIVE_UP, "unknown_permanent")


def retry_at(first_attempt: datetime, attempts: int, at: datetime) -> datetime:
    """When to try again after `attempts` (1 or more) tries, the last of them at `at` (RFC 5321 §4.5.4.1).

    Two tries in the first hour, then one every two to three hours. A Disposition's `wait` may ask for more; the end
    of the message's life is the caller's to watch.
    """
    if attempts < 1:
        raise ValueError("nothing was tried yet")
    slot = first_attempt + _FIRST_RETRY + (attempts - 1) * _LATER_RETRIES
    if attempts == 1:
        return max(slot, at + _SHORTEST_FIRST)
    return min(max(slot, at + _SHORTEST_LATER), at + _LONGEST_LATER)


def _matches(rule: _Rule, phase: Phase, reply: Reply) -> bool:
    consistent = not reply.enhanced or reply.enhanced[0] == str(reply.code)[0]
    if rule.effect in _PERSONAL and (phase not in _RECIPIENT_NAMED or not consistent):
        return False
    return (
        phase in rule.phases
        and _fits(rule.reply, str(reply.code))
        and (not rule.status or _fits(rule.status, reply.enhanced if consistent else ""))
        and (not rule.phrase or _says(rule.phrase, reply.text))
    )


def _fits(pattern: str, code: str) -> bool:
    return re.fullmatch(pattern, code) is not None


def _says(phrase: str, text: str) -> bool:
    """Addresses and links are no words: `<no.such.user@…>` accuses nobody."""
    return re.search(phrase, _NOT_WORDS.sub(" ", text), re.IGNORECASE) is not None
