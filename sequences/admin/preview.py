"""Shows a text as one person would get it, or where in its source it fails."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance.admin_pages import Panel, key_in
from compliance.playbook import NoPlaybook
from sequences import samples
from sequences.models import Contact, TemplateVersion
from sequences.render import MissingValue, UnsafeValue, WordingError

_CHOICES = 25
INVENTED = "invented"
"""Instead of a contact's key: somebody of whom everything is known."""


def panel(version: TemplateVersion, *, chosen: str, people: bool) -> Panel:
    """The preview. `chosen` is the key of a contact; `people` says whether contacts may be shown at all."""
    contacts = list(Contact.objects.select_related("account").order_by("pk")[:_CHOICES]) if people else []
    contact = reader(chosen, people=people)
    data = {"contacts": contacts, "contact": contact, **_shown(version, contact)}
    return Panel(_("What the reader sees"), "sequences/preview.html", data, first=version.state != version.State.DRAFT)


def reader(chosen: str, *, people: bool) -> Contact | None:
    """Whoever was chosen, else the first contact there is; nobody where contacts may not be shown."""
    if chosen == INVENTED:
        return None
    key = key_in(chosen)
    rows = Contact.objects.select_related("account")
    return ((rows.filter(pk=key).first() if key else None) or rows.order_by("pk").first()) if people else None


def _shown(version: TemplateVersion, contact: Contact | None) -> dict[str, Any]:
    try:
        return {"said": samples.as_read(version, contact)}
    except WordingError as error:
        return {"flaw": error}
    except MissingValue as error:
        return {"missing": error.variable}
    except UnsafeValue as error:
        return {"unsafe": error.variable}
    except NoPlaybook:
        return {"no_playbook": True}
