"""What people do at the admin: sign in with a role, open a page, press a button."""

import re
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from compliance.admin_pages import page_of
from compliance.audit import reference
from sequences import approval, countersigning, lists
from tests.factories import UserFactory


def sign_in(client: Client, role: str) -> User:
    """Come in as somebody with that role; `root` is a superuser without any."""
    user = UserFactory(is_superuser=True) if role == "root" else UserFactory(role=role)
    client.force_login(user)
    return user


def page(model: type[Model], what: str) -> str:
    """The address of a list (`changelist`) or of an empty form (`add`)."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}")


def open_row(client: Client, row: Model, **query: Any) -> str:
    """The page of a row, as text."""
    response = client.get(page_of(reference(row)), query)
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def save_row(client: Client, row: Model, **fields: Any) -> HttpResponse:
    """Send the form of a row's page."""
    response: HttpResponse = client.post(page_of(reference(row)), fields)  # type: ignore[assignment]
    return response


def act_url(row: Model, arrow: str) -> str:
    """Where an act is asked for and taken."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_act", args=[row.pk, arrow])


def take(client: Client, row: Any, arrow: str, **fields: str) -> HttpResponse:
    """Press the button of the form; the digest shown goes along unless another is given, and what was to be read."""
    form = {"comment": "", "digest": getattr(row, "digest", ""), **fields}
    if "token" not in form and arrow in _READ_FIRST and (token := token_shown(client, row, arrow)):
        form["token"] = token
    response: HttpResponse = client.post(act_url(row, arrow), form)  # type: ignore[assignment]
    return response


def token_shown(client: Client, row: Model, arrow: str) -> str:
    """The token on the page of an act on which something is read first; empty where there is none."""
    found = re.search(r'name="token" value="([^"]+)"', client.get(act_url(row, arrow)).content.decode())
    return found[1] if found else ""


_READ_FIRST = {act.arrow for act in (*approval.TEXT_ACTS, *countersigning.TEXT_ACTS, *lists.ACTS) if act.shows}
