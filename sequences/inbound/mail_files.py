"""Finds raw mails where they lie: in a file, in every file of a folder, one after the other in an mbox (RFC 4155).

A file is an mbox when it begins with a line `From … date`, unless its name ends in `.eml`; so does each mail in it,
behind an empty line. What merely begins with "From" in a text is no border.
"""

import re
from collections.abc import Iterator
from pathlib import Path

_BORDER = re.compile(rb"From [^\r\n]{1,300}\d{1,2}:\d\d[^\r\n]{0,60}\d{4}[^\r\n]{0,40}\r?\n")
_ONE_MAIL = ".eml"
_QUOTED = re.compile(rb">+From ")


def files(name: str) -> list[Path]:
    """The file itself; of a folder every file in it and below, in order, but hidden ones."""
    path = Path(name)
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))


def mails(path: Path) -> Iterator[tuple[str, bytes]]:
    """Each mail with its name: that of the file, and `#number` in an mbox of several. Raises OSError."""
    with path.open("rb") as file:
        first = file.readline(500)
        if path.suffix.lower() == _ONE_MAIL or not _BORDER.fullmatch(first):
            yield str(path), first + file.read()
            return
        found = _split(file)
        earlier = next(found)
        number = 0
        for number, later in enumerate(found, start=1):
            yield f"{path}#{number}", earlier
            earlier = later
        yield (f"{path}#{number + 1}" if number else str(path)), earlier


def _split(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The mails behind the first border."""
    mail: list[bytes] = []
    for line in lines:
        if line.startswith(b"From ") and (not mail or mail[-1] in {b"\n", b"\r\n"}) and _BORDER.fullmatch(line):
            yield b"".join(mail[:-1])
            mail = []
        else:
            mail.append(line[1:] if _QUOTED.match(line) else line)
    yield b"".join(mail[:-1] if mail and mail[-1] in {b"\n", b"\r\n"} else mail)
