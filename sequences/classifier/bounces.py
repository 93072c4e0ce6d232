"""Decides whether a mail says that a message came back, for which addresses, and whose fault it is (LAW BNC-01 to -08).

What a delivery report says of each recipient comes first; a notice in prose is recognised by several signs together.
How servers put it is data (bounces.toml).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sequences.classifier import delivery_status
from sequences.classifier.answer import LONGEST_WORDS, Answer, Bounced, Kind
from sequences.classifier.mail import Mail, Recipient
from sequences.classifier.plain import one_line
from sequences.classifier.wordbook import Patterns, any_of, compiled, load

_DATA = "bounces.toml"
_NOTICE = 6000
_OPENING = 1500
_ADDRESSES = 20
_ENOUGH = 4
_LINES_OF_AN_ANSWER = 3
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_SMTP = re.compile(r"\b[45]\d\d[ -](?:\d\.\d{1,3}\.\d{1,3}\b|[a-z<#(\[])")
_CODE = re.compile(r"(?:\b|#)([45])(\d\d)\b(?![.:/\d])")
_LETTERS = re.compile(r"[^a-z]")
_PASSED_ON = re.compile(r"(?:re|fw|fwd|aw|wg|tr|rv|enc|vs|i) ?:")
_GOES_ON = {"delayed", "relayed", "expanded", "delivered"}
_WENT_WELL = {"relayed", "expanded", "delivered"}


@dataclass(frozen=True)
class _Meaning:
    kind: str
    status: re.Pattern[str]
    text: re.Pattern[str]


def judge(mail: Mail, at: datetime) -> Answer | None:
    """A bounce, a report that nothing has failed, or None for any other mail."""
    told = [row for row in mail.recipients if row.action or row.status]
    notice = _notice(mail)
    if not told and _looks_like_one(mail, notice):
        told = list(delivery_status.recipients(mail.text))
        if not told:
            return _of_prose(mail, notice)
    if not told:
        return None
    failed = [row for row in told if row.action not in _GOES_ON]
    if failed:
        return _of_report(mail, notice, failed)
    if all(row.action in _WENT_WELL for row in told):
        return Answer(Kind.OTHER, "delivered", 95, f"Action: {told[0].action}")
    return _delayed(f"Action: delayed {told[0].status}", 90)


def _delayed(words: str, confidence: int) -> Answer:
    """It takes longer. Nobody has been missed yet, so that no address is named (LAW BNC-01)."""
    return Answer(Kind.BOUNCE, "soft", confidence, words[:LONGEST_WORDS])


def _of_report(mail: Mail, notice: str, failed: list[Recipient]) -> Answer:
    rows = [
        Bounced(row.original or row.address, row.status, _kind(row.status, row.diagnostic or _opening(notice)))
        for row in failed
    ]
    first = failed[0]
    words = " ".join(part for part in (first.action, first.status, first.diagnostic) if part) or notice
    return _bounce(rows, 95 if first.status else 85, words)


def _of_prose(mail: Mail, notice: str) -> Answer | None:
    said = one_line(f"{mail.subject}\n{notice}")
    book = _book()
    if any_of(book["successes"], said[:_OPENING]):
        return Answer(Kind.OTHER, "delivered", 75, mail.subject[:LONGEST_WORDS])
    words = _decisive(notice) or mail.subject
    late = any_of(book["delays"], said[:_OPENING])
    if late and not any_of(book["given_up"], said):
        return _delayed(mail.subject or words, 80)
    status = delivery_status.number(notice)
    kind, known = _meaning(status, one_line(words))
    if not known:
        kind, known = _meaning(status, said)
    addresses = list(_addresses(mail, notice))
    rows = [Bounced(one, status, kind) for one in addresses] or [Bounced("", status, kind)]
    return _bounce(rows, 90 if status else 80 if known else 55, words)


def _bounce(rows: list[Bounced], confidence: int, words: str) -> Answer:
    kinds = {row.kind for row in rows}
    worst = next(kind for kind in ("hard", "sender", "soft") if kind in kinds)
    named = tuple(row for row in rows if row.address)[:_ADDRESSES]
    return Answer(Kind.BOUNCE, worst, confidence, " ".join(words.split())[:LONGEST_WORDS], bounced=named)


def _kind(status: str, text: str) -> str:
    return _meaning(status, one_line(text))[0]


def _meaning(status: str, said: str) -> tuple[str, bool]:
    """hard, soft or sender, and whether a row of the table said so; an unknown failure is soft at most (LAW BNC-08)."""
    for row in _meanings():
        if row.status.search(status) and row.text.search(said[:_NOTICE]):
            return row.kind, True
    code = _CODE.search(said)
    return "soft", code is not None


def _looks_like_one(mail: Mail, notice: str) -> bool:
    """Several signs together: who writes, what about, with which words, under which headers."""
    book = _book()
    subject, opening = one_line(mail.subject), _opening(notice)
    if mail.header("x-failed-recipients") or mail.report_type == "delivery-status":
        return True
    local = _LETTERS.sub("", mail.sender.partition("@")[0].lower())
    no_return = mail.header("return-path").strip() == "<>" or "MAILER-DAEMON" in mail.header("return-path")
    if _PASSED_ON.match(subject) and local not in _daemons() and not no_return:
        return False
    words = any_of(book["texts"], opening)
    signs = (
        (2, local in _daemons()),
        (2, any_of(book["subjects"], subject)),
        (2, words),
        (1, no_return),
        (1, mail.automatic),
        (1, bool(mail.returned)),
        (1, bool(_SMTP.search(one_line(notice)))),
        (1, not mail.sender),
    )
    return sum(weight for weight, sign in signs if sign) >= _ENOUGH


def _notice(mail: Mail) -> str:
    """The words of the server, up to where the copy of our message begins."""
    text = mail.text[: _NOTICE * 2].replace("\r\n", "\n")
    lines = text.split("\n")
    for number, line in enumerate(lines):
        plain = one_line(line)
        if number and any_of(_book()["copies"], plain):
            return "\n".join(lines[:number])[:_NOTICE]
    return text[:_NOTICE]


def _opening(notice: str) -> str:
    return one_line(notice)[:_OPENING]


def _decisive(notice: str) -> str:
    """The answer of the server, which may go on in the next lines; else the first line that says anything."""
    lines = [" ".join(line.split()) for line in notice.split("\n")]
    for number, line in enumerate(lines):
        if _SMTP.search(line.lower()):
            return " ".join(lines[number : number + _LINES_OF_AN_ANSWER])
    return next((line for line in lines if len(line) > len("550 no")), "")


def _addresses(mail: Mail, notice: str) -> Iterator[str]:
    ours = {mail.sender.lower(), *(one.lower() for one in _ADDRESS.findall(mail.header("to"))[:_ADDRESSES])}
    named = _ADDRESS.findall(mail.header("x-failed-recipients"))
    seen: set[str] = set()
    for one in named or _ADDRESS.findall(notice):
        is_new = one.lower() not in seen | ours
        if is_new and not one.lower().startswith(("postmaster@", "mailer-daemon@", "abuse@")):
            seen.add(one.lower())
            yield one


@cache
def _book() -> Mapping[str, Patterns]:
    names = ("subjects", "texts", "delays", "given_up", "successes", "copies")
    return {name: compiled(load(_DATA)[name]) for name in names}


@cache
def _daemons() -> frozenset[str]:
    return frozenset(load(_DATA)["daemons"])


@cache
def _meanings() -> tuple[_Meaning, ...]:
    return tuple(
        _Meaning(row["kind"], re.compile(row.get("status", "")), re.compile(row.get("text", "")))
        for row in load(_DATA)["meaning"]
    )
