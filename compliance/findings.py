"""One thing that was seen of a sending domain: what it is called, what it weighs, where it was, what stood there."""

from dataclasses import asdict, dataclass
from enum import StrEnum

_LONGEST = 300


class Weight(StrEnum):
    """What a finding means for the domain: nothing against it, worth saying, against it, or nobody answered."""

    GOOD = "good"
    NOTE = "note"
    FAILS = "fails"
    SILENT = "silent"


@dataclass(frozen=True)
class Finding:
    """`code` names it; `name` is the name that DNS was asked for, `found` what stood there, shortened."""

    code: str
    weight: Weight
    name: str = ""
    found: str = ""

    def as_data(self) -> dict[str, str]:
        """As it is kept."""
        return asdict(self) | {"weight": self.weight.value, "name": said(self.name), "found": said(self.found)}


def said(text: str) -> str:
    """What strangers wrote into DNS, short and without characters that do not print."""
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(char if char.isprintable() else "�" for char in short)
