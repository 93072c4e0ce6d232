"""What a text must say before anybody is asked to sign it: an opt-out that is seen, who writes, and from where."""

import re

from django.utils.translation import gettext_lazy as _

from compliance import playbook
from compliance.refusals import Refusal
from sequences import wording
from sequences.models import TemplateVersion

_ANSWERS = re.compile(r"^\s*(re|fwd?|aw|wg|tr|rv|r|sv|vs|antw)\s*:", re.IGNORECASE)
_OPT_OUT = re.compile(r"\[[^\]\s][^\]]*\]\(\s*\{\{\s*unsubscribe_url\s*\}\}\s*\)")


def findings(version: TemplateVersion) -> list[Refusal]:
    """Everything that blocks a text, with its rule (spec T4, first form of C5 and C7)."""
    found = []
    if not _OPT_OUT.search(version.body):
        text = _("C5: there is no visible link to {{ unsubscribe_url }}, such as [Unsubscribe]({{ unsubscribe_url }}).")
        found.append(Refusal("C5", text, "body"))
    if not _states_address(version):
        text = _("C5: the postal address is missing; write {{ postal_address }} where it belongs.")
        found.append(Refusal("C5", text, "body"))
    if _ANSWERS.match(version.subject):
        text = _("C7: the subject pretends to answer a message.")
        found.append(Refusal("C7", text, "subject"))
    return found


def _states_address(version: TemplateVersion) -> bool:
    if "postal_address" in wording.skeleton_of(version).variables:
        return True
    stated = str(playbook.section("sender").get("postal_address", ""))
    return bool(stated) and " ".join(stated.split()) in " ".join(version.body.split())
