"""Shows the versions of a text or a sequence, the latest first, and where the next one is begun."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from compliance.admin_pages import Panel, name_of, page_of, person
from compliance.audit import reference


def panel(request: HttpRequest, row: Any, *, model: str, tones: Mapping[Any, str]) -> Panel:
    """The versions of `row`; `model` names their model, and `row` is what it calls its parent."""
    versions = [
        {"row": one, "tone": tones[one.state], "url": page_of(reference(one)), "author": name_of(one.author)}
        for one in row.versions.select_related("author").order_by("-number")
    ]
    may_add = person(request).has_perm(f"sequences.add_{model}")
    add = reverse(f"admin:sequences_{model}_add") + f"?{row._meta.model_name}={row.pk}" if may_add else ""
    return Panel(_("Versions"), "sequences/versions.html", {"versions": versions, "add": add}, first=True)
