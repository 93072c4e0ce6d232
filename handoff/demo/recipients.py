"""What the recipients of the demonstration do: their servers' moods, and the ways in which they say no."""

import re
import smtplib
import urllib.request
from email.message import EmailMessage

from handoff.demo.catcher import Catcher, Caught

GONE = "wyatt.holloway@graniteloop.example"
GREYLISTED = "camille.ozanne@hauterive-telecom.example"
SILENT = "samuel.okafor@bluefen.example"
BY_LINK = "darnell.dunmore@merrowby.example"
BY_ONE_CLICK = "chiara.bellandi@arno-robotics.example"
BY_MAIL = "hugo.lindqvist@vintergatan.example"

_LINK = re.compile(r"<(http[^>]+)>")
_MAILTO = re.compile(r"<mailto:([^>]+)>")
_SECONDS = 10


class Moods:
    """One server knows no such person, one asks to come back later, one takes a message and says nothing."""

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._silent_at = 2
        self._seen = 0

    def refuse(self, recipient: str) -> str | None:
        if recipient == GONE:
            return "550 5.1.1 no such user here"
        if recipient == GREYLISTED and recipient not in self._asked:
            self._asked.add(recipient)
            return "451 4.7.1 greylisted, please come back later"
        return None

    def vanish(self, recipient: str) -> bool:
        if recipient != SILENT:
            return False
        self._seen += 1
        return self._seen == self._silent_at


def by_link(message: Caught) -> None:
    """Open the page (which changes nothing), then press its button."""
    link = _header(message, _LINK)
    _fetch(urllib.request.Request(link))  # noqa: S310 - a link of this machine's own server
    _fetch(urllib.request.Request(link, data=b"", method="POST"))  # noqa: S310


def by_one_click(message: Caught) -> None:
    """What a mail programme does behind its own button (RFC 8058)."""
    body = b"List-Unsubscribe=One-Click"
    _fetch(urllib.request.Request(_header(message, _LINK), data=body, method="POST"))  # noqa: S310


def by_mail(message: Caught, catcher: Catcher) -> Caught:
    """Write to the unsubscribe address; returns the mail as it arrived at our side."""
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = message.recipient, _header(message, _MAILTO), "unsubscribe"
    with smtplib.SMTP("127.0.0.1", catcher.port, timeout=_SECONDS) as connection:
        connection.send_message(answer)
    return catcher.caught.pop()


def hand_over(mail: bytes, sender: str, recipient: str, catcher: Catcher) -> Caught:
    """Give a mail to a mail server; returns it as it arrived at our side."""
    with smtplib.SMTP("127.0.0.1", catcher.port, timeout=_SECONDS) as connection:
        connection.sendmail(sender, [recipient], mail)
    return catcher.caught.pop()


def _header(message: Caught, pattern: re.Pattern[str]) -> str:
    found = pattern.search(str(message.parsed["List-Unsubscribe"]))
    if found is None:
        raise LookupError(f"{message.message_id} carries no way to unsubscribe")
    return found[1]


def _fetch(request: urllib.request.Request) -> None:
    with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
        response.read()
