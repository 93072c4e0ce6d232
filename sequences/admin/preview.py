"""Shows a text as one person would get it, or where in its source it fails."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from compliance.admin_pages import Panel, key_in
from compliance.playbook import NoPlaybook
from sequences import wording
from sequences.models import Contact, Mailbox, TemplateVersion
from sequences.render import MissingValue, UnsafeValue, WordingError

_CHOICES = 25
# Who is shown while nobody has been loaded.
_STAND_IN: Mapping[str, str] = {
    "contact.first_name": "Ada",
    "contact.last_name": "Byron",
    "contact.title": "Head of Operations",
    "contact.country": "DE",
    "account.name": "Example Pumps",
    "account.industry": "mechanical engineering",
    "account.ecosystem": "hydraulics",
    "account.domain": "pumps.example.com",
}


def panel(version: TemplateVersion, *, chosen: str, people: bool) -> Panel:
    """The preview. `chosen` is the key of a contact; `people` says whether contacts may be shown at all."""
    contacts = list(Contact.objects.select_related("account").order_by("pk")[:_CHOICES]) if people else []
    key = key_in(chosen)
    contact = _contact(key) if people and key else None
    contact = contact or (contacts[0] if contacts else None)
    data = {"contacts": contacts, "contact": contact, **_shown(version, contact)}
    return Panel(_("What the reader sees"), "sequences/preview.html", data, first=version.state != version.State.DRAFT)


def _shown(version: TemplateVersion, contact: Contact | None) -> dict[str, Any]:
    try:
        skeleton = wording.skeleton_of(version)
    except WordingError as error:
        return {"flaw": error}
    try:
        return {"said": skeleton.render(_values(contact))}
    except MissingValue as error:
        return {"missing": error.variable}
    except UnsafeValue as error:
        return {"unsafe": error.variable}
    except NoPlaybook:
        return {"no_playbook": True}


def _values(contact: Contact | None) -> dict[str, str]:
    personal = wording.personal_values(contact) if contact else dict(_STAND_IN)
    mailbox = Mailbox.objects.filter(state=Mailbox.State.ACTIVE).order_by("pk").first()
    # No real link: whoever tries it in a preview must not opt anybody out.
    return personal | wording.sender_values(mailbox or _somebody(), f"{settings.PUBLIC_URL}/u/preview")


def _somebody() -> Mailbox:
    return Mailbox(name=str(_("The sender's name")))


def _contact(key: int) -> Contact | None:
    return Contact.objects.select_related("account").filter(pk=key).first()
