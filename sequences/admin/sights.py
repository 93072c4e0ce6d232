"""Shows what somebody reads before they sign: real messages, what the door says, what is new, and who wrote it."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance.admin_pages import Panel, name_of
from sequences.differences import TextDifference
from sequences.showing import ShownList, Writers

_IMITATIONS_SHOWN = 100


def text_panel(found: TextDifference) -> Panel:
    """What a text says otherwise than the last version that was approved."""
    return Panel(_("What is new in it"), "sequences/text_new.html", {"text": found}, first=True)


def list_panels(found: ShownList) -> list[Panel]:
    """Everything there is to read before a list is signed."""
    return [
        Panel(_("Who would be written to, and who not"), "sequences/list_counts.html", _counts(found)),
        Panel(_("Who they come from"), "sequences/list_senders.html", {"senders": found.senders}),
        Panel(_("Messages as they would go"), "sequences/list_samples.html", {"samples": found.samples}),
        Panel(_("What is new since the last approved version"), "sequences/sequence_new.html", {"steps": found.steps}),
        writers_panel(found.writers),
    ]


def writers_panel(found: Sequence[Writers]) -> Panel:
    """Who wrote on what; none of them signs it."""
    rows = [(one.what, ", ".join(name_of(user) for user in one.who)) for one in found]
    return Panel(_("Who wrote or edited it"), "sequences/writers.html", {"rows": rows})


def _counts(found: ShownList) -> dict[str, Any]:
    refused = [(words.say(code), number) for code, number in found.prospect.refused.most_common()]
    permitted = len(found.prospect.permitted)
    return {
        "rows": found.prospect.rows,
        "permitted": permitted,
        "refused": refused,
        "kept_out": found.kept_out,
        "imitations": found.imitations[:_IMITATIONS_SHOWN],
        "more": max(0, len(found.imitations) - _IMITATIONS_SHOWN),
    }
