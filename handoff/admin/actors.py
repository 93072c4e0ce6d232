"""Decides how whoever acted is named in a list: with one query for the whole page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance.admin_pages import Page, Rows


class NamedRows(Rows):
    """A list that knows the names of whoever acted."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: list[Any] = list(self.result_list)
        column = self.model_admin.actor_column
        names = words.name_actors({getattr(row, column) for row in self.result_list})
        for row in self.result_list:
            row.actor_name = names[getattr(row, column)]


class ByActor(Page):
    """A page whose rows say by `user:7` or `system` who acted; shown by name."""

    actor_column = "by"

    def get_changelist(self, request: HttpRequest, **rest: Any) -> type[Rows]:
        return NamedRows

    @admin.display(description=_("by"))
    def by_shown(self, row: Any) -> str:
        """Who acted, by name."""
        actor = getattr(row, self.actor_column)
        known = getattr(row, "actor_name", "")
        return known or words.name_actors({actor})[actor]
