"""Members of staff: their rights are recorded as they change, they are switched off and not deleted."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from compliance.models import AuditEntry
from tests.cast import PASSWORD
from tests.desk import page, save_row, sign_in
from tests.factories import UserFactory, role_group

pytestmark = pytest.mark.django_db


def test_a_change_of_roles_is_recorded_as_it_is_afterwards(client: Client) -> None:
    user = UserFactory(role="rep")
    sign_in(client, "root")
    groups = [role_group("cro").pk, role_group("legal").pk]
    save_row(client, user, username="tom", first_name="Tom", last_name="", email="", is_active="on", groups=groups)
    entry = AuditEntry.objects.get(verb="auth.user.edited")
    assert (entry.subject, entry.data["roles"]) == (f"auth.user:{user.pk}", ["cro", "legal"])


def test_a_new_member_may_sign_in_and_do_nothing_yet(client: Client) -> None:
    sign_in(client, "root")
    form = {"username": "tom", "email": "", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    client.post(page(User, "add"), form)
    tom = User.objects.get(username="tom")
    assert (tom.is_staff, tom.get_all_permissions()) == (True, set())
    assert PASSWORD not in str(list(AuditEntry.objects.values()))


def test_a_password_set_for_somebody_is_recorded(client: Client) -> None:
    user = UserFactory(role="rep")
    sign_in(client, "root")
    form = {"usable_password": "true", "password1": PASSWORD + "!", "password2": PASSWORD + "!"}
    client.post(f"/admin/auth/user/{user.pk}/password/", form)
    assert AuditEntry.objects.get().verb == "auth.user.password_set"


def test_nobody_is_deleted(client: Client) -> None:
    user = UserFactory(role="rep")
    sign_in(client, "root")
    assert client.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", ["sales_ops", "cro", "chief_of_staff"])
def test_no_role_makes_itself_more(client: Client, role: str) -> None:
    user = sign_in(client, role)
    assert save_row(client, user, username="me", is_superuser="on", is_active="on").status_code == 403
    assert not User.objects.get(pk=user.pk).is_superuser


def test_rights_of_a_role_are_not_changed_here(client: Client) -> None:
    group = role_group("rep")
    sign_in(client, "root")
    assert save_row(client, group, name="kings").status_code == 403
