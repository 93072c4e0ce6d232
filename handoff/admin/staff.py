"""Staff and their roles. Who may do what is recorded like everything else; people are switched off, not deleted."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from compliance import audit, clock
from compliance.admin_factor import asked
from compliance.admin_pages import NOTHING, Page, Panel, badge, person
from compliance.factor import Kind
from handoff import factors, roles
from handoff.admin_playbook import PlaybookVersionAdmin

__all__ = ["GroupAdmin", "PlaybookVersionAdmin", "UserAdmin"]

admin.site.unregister(User)
admin.site.unregister(Group)
# Addresses are not used to sign in; a factor is set up and taken off by whose it is, or by a command, never by a form.
admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)
admin.site.index_title = _("Today")


class RolesField(forms.ModelMultipleChoiceField):
    """The roles, by the names people use."""

    def label_from_instance(self, obj: Group) -> str:
        return next(iter(roles.roles_of([obj.name])), obj.name)


@admin.register(User)
class UserAdmin(Page, DjangoUserAdmin):  # type: ignore[misc]
    """Members of staff."""

    kind = Kind.KEYS
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "name_shown", "email", "roles_shown", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    search_help_text = _("Name or address")
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password", ("first_name", "last_name"), "email")}),
        (_("What they may do"), {"fields": ("is_active", "is_staff", "groups", "is_superuser")}),
        (_("When"), {"fields": ("factor_shown", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "email", "usable_password", "password1", "password2")}),
    )
    readonly_fields = ("factor_shown", "last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.prefetch_related("groups")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **rest: Any) -> Any:
        if db_field.name != "groups":
            return super().formfield_for_manytomany(db_field, request, **rest)
        rows = Group.objects.order_by("pk")
        return RolesField(rows, label=_("Roles"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget())

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        obj.is_staff = obj.is_staff or not change
        DjangoUserAdmin.save_model(self, request, obj, form, change)
        self.note_change(request, obj, form.changed_data, created=not change)

    def note_change(self, request: HttpRequest, row: Any, fields: Sequence[str], *, created: bool) -> None:
        """Rights are recorded as they are afterwards, once the roles have been stored."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        user = form.instance
        audit.record(
            f"auth.user.{'edited' if change else 'created'}",
            audit.reference(user),
            by=person(request),
            at=clock.now(),
            fields=sorted(form.changed_data),
            roles=sorted(user.groups.values_list("name", flat=True)),
            superuser=user.is_superuser,
            active=user.is_active,
        )

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> None:  # type: ignore[override]
        """A password set for somebody is recorded; every other change is, once it has been stored."""
        if request.resolver_match and request.resolver_match.url_name == "auth_user_password_change":
            audit.record("auth.user.password_set", audit.reference(obj), by=person(request), at=clock.now())

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        step = asked(request, Kind.KEYS) if request.method == "POST" else None
        return step or super().user_change_password(request, id, form_url)

    def panels(self, request: HttpRequest, row: User, at: datetime) -> list[Panel]:
        return []

    @admin.display(description=_("second factor"))
    def factor_shown(self, row: User) -> str:
        return badge(_("set up"), "good") if factors.has_one(row) else badge(_("none yet"), "wait")

    @admin.display(description=_("name"), ordering="last_name")
    def name_shown(self, row: User) -> str:
        return row.get_full_name() or NOTHING

    @admin.display(description=_("roles"))
    def roles_shown(self, row: User) -> str:
        if row.is_superuser:
            return badge(_("superuser"), "wait")
        return ", ".join(roles.roles_of([group.name for group in row.groups.all()])) or NOTHING


@admin.register(Group)
class GroupAdmin(Page, DjangoGroupAdmin):  # type: ignore[misc]
    """Roles. What each may do is written down in `handoff.roles`, not clicked together here."""

    list_display = ("name", "label", "people")
    fields = ("label", "name", "may", "sees")
    readonly_fields = ("label", "name", "may", "sees")
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        rows: QuerySet[Group] = super().get_queryset(request)
        return rows.annotate(people_count=Count("user"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False

    @admin.display(description=_("role"))
    def label(self, row: Group) -> str:
        return next(iter(roles.roles_of([row.name])), row.name)

    @admin.display(description=_("people"), ordering="people_count")
    def people(self, row: Any) -> int:
        return int(row.people_count)

    @admin.display(description=_("may"))
    def may(self, row: Group) -> str:
        rights = row.permissions.exclude(codename__startswith="view_").order_by("content_type__app_label", "codename")
        return _listed(right.name.removeprefix("Can ") for right in rights)

    @admin.display(description=_("sees"))
    def sees(self, row: Group) -> str:
        rights = row.permissions.filter(codename__startswith="view_").order_by("content_type__app_label", "codename")
        return ", ".join(right.name.removeprefix("Can view ") for right in rights) or NOTHING


def _listed(lines: Iterable[str]) -> str:
    items = format_html_join("", "<li>{}</li>", ((line,) for line in lines))
    return format_html('<ul class="ho-list">{}</ul>', items) if items else NOTHING
