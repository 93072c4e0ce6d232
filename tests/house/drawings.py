"""Puts what the code draws of itself into the documentation, between its markers: `make draw`."""

import re
from collections.abc import Callable, Mapping

from handoff import drawing, ladder
from handoff.models import Lead
from tests.house.sources import ROOT

PAGE = ROOT / "docs" / "ladder.md"
PARTS: Mapping[str, Callable[[], str]] = {
    "diagram": lambda: f"```mermaid\n{drawing.diagram(Lead, ladder.also_needed)}\n```",
    "table": lambda: drawing.table(Lead),
}
_PART = re.compile(r"(<!-- ladder: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def drawn(page: str, parts: Mapping[str, Callable[[], str]] = PARTS) -> str:
    """The page with each part between its markers as it is drawn now. Raises KeyError."""
    return _PART.sub(lambda found: f"{found[1]}{parts[found[2]]()}\n{found[3]}", page)


def write() -> None:
    """Draw the page anew."""
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
