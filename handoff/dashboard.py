"""What the first page of the admin shows."""

from typing import Any

from django.http import HttpRequest


def installation_badge(request: HttpRequest) -> list[str] | None:
    """The mark of the installation, beside the title."""
    return None


def first_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the signed-in person should look at first."""
    return context
