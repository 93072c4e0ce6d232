"""What a text must say before anybody is asked to sign it: an opt-out that is seen, who writes, and from where.

It is read as readers get it, by somebody of whom everything is known and by somebody of whom only the least is: what
stands in a condition or in a code span is not there for everybody.
"""

from django.utils.translation import gettext_lazy as _

from compliance import playbook
from compliance.refusals import Refusal
from sequences import wording
from sequences.models import TemplateVersion
from sequences.render import Rendered
from sequences.wire import is_reply_subject

_LINK = "https://opt-out.example/sample"
_ADDRESS = "1 Sample Street, Sample Town"


def findings(version: TemplateVersion) -> list[Refusal]:
    """Everything that blocks a text, with its rule (spec T4, first form of C5 and C7). Raises WordingError."""
    found, readings = [], _readings(version)
    if not all(_offers_opt_out(said) for said in readings):
        text = _("C5: there is no visible link to {{ unsubscribe_url }}, such as [Unsubscribe]({{ unsubscribe_url }}).")
        found.append(Refusal("C5", text, "body"))
    if not all(_states_address(said) for said in readings):
        text = _("C5: the postal address is missing; write {{ postal_address }} where it belongs.")
        found.append(Refusal("C5", text, "body"))
    if is_reply_subject(version.subject):
        text = _("C7: the subject pretends to answer a message.")
        found.append(Refusal("C7", text, "subject"))
    return found


def _readings(version: TemplateVersion) -> list[Rendered]:
    skeleton = wording.skeleton_of(version)
    least = dict.fromkeys(skeleton.variables, "x") | dict.fromkeys(skeleton.optional, "")
    most = dict.fromkeys(least, "x")
    ours = {"unsubscribe_url": _LINK, "postal_address": _ADDRESS}
    return [skeleton.render(values | ours) for values in (least, most)]


def _offers_opt_out(said: Rendered) -> bool:
    """A link has words in it: an empty one does not compile."""
    return f'<a href="{_LINK}"' in said.html and _LINK in said.text


def _states_address(said: Rendered) -> bool:
    stated = str(playbook.section("sender").get("postal_address", ""))
    text = " ".join(said.text.split())
    return any(wanted and " ".join(wanted.split()) in text for wanted in (_ADDRESS, stated))
