"""Roles: exactly their rights, and no role that carries anything alone from writing to sending."""

import pytest
from django.contrib.auth.models import Group, Permission

from handoff import roles
from handoff.roles import ROLES, UnknownPermission, sync_roles

STAFF = [role for role in ROLES if role != "integration"]
SIGNING = {"sequences.approve_messaging", "sequences.approve_narrative", "sequences.load_templateversion"}


def _held(role: str) -> set[str]:
    rows = Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


@pytest.mark.django_db
def test_each_group_has_exactly_the_rights_of_its_role() -> None:
    Group.objects.all().delete()
    sync_roles()
    assert {role: _held(role) for role in ROLES} == {role: set(rights) for role, rights in ROLES.items()}


@pytest.mark.django_db
def test_a_right_added_by_hand_is_taken_away_again() -> None:
    sync_roles()
    Group.objects.get(name="rep").permissions.add(Permission.objects.get(codename="sign_recipientlist"))
    sync_roles()
    assert "sequences.sign_recipientlist" not in _held("rep")


@pytest.mark.django_db
def test_running_twice_changes_nothing() -> None:
    Group.objects.all().delete()
    first = {name: group.pk for name, group in sync_roles().items()}
    assert {name: group.pk for name, group in sync_roles().items()} == first


@pytest.mark.django_db
def test_a_right_that_no_model_declares_is_named_before_anything_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    Group.objects.all().delete()
    monkeypatch.setattr(roles, "ROLES", {"rep": frozenset({"sequences.fly_mailbox"})})
    with pytest.raises(UnknownPermission, match=r"sequences\.fly_mailbox"):
        sync_roles()
    assert not Group.objects.exists()


@pytest.mark.parametrize("role", ROLES)
def test_no_role_writes_texts_and_signs_them(role: str) -> None:
    assert not (SIGNING & ROLES[role] and "sequences.change_templateversion" in ROLES[role])


@pytest.mark.parametrize("role", ROLES)
def test_no_role_gives_two_of_the_three_signatures(role: str) -> None:
    assert len(SIGNING & ROLES[role]) <= 1


@pytest.mark.parametrize("role", ROLES)
def test_no_role_submits_what_it_signs(role: str) -> None:
    rights = ROLES[role]
    assert not {"sequences.submit_recipientlist", "sequences.sign_recipientlist"} <= rights
    assert not {"sequences.submit_sequenceversion", "sequences.approve_sequenceversion"} <= rights


@pytest.mark.parametrize("role", ROLES)
def test_no_role_hands_out_roles_or_deletes_evidence(role: str) -> None:
    drafts = {"template", "templateversion", "sequence", "sequenceversion", "step", "recipientlist"}
    deleting = {right.partition(".delete_")[2] for right in ROLES[role] if ".delete_" in right}
    assert deleting <= drafts
    assert not {right for right in ROLES[role] if right.startswith("auth.") and ".view_" not in right}


@pytest.mark.parametrize("role", STAFF)
def test_everybody_on_the_staff_may_stop_everything_and_see_what_stands(role: str) -> None:
    assert {"compliance.place_halt", "compliance.view_halt"} <= ROLES[role]


def test_those_who_lead_start_again() -> None:
    assert [role for role in ROLES if "compliance.start_halt" not in ROLES[role]] == ["content", "rep", "integration"]


def test_only_sales_ops_starts_a_mailbox_after_a_fault() -> None:
    assert [role for role in ROLES if "sequences.start_mailbox" in ROLES[role]] == ["sales_ops"]


def test_those_who_talk_to_people_say_what_an_answer_means_and_let_a_passage_wait() -> None:
    rights = {"sequences.route_inboundmessage", "sequences.pause_enrollment"}
    assert [role for role in ROLES if rights <= ROLES[role]] == ["cro", "sales_ops", "rep"]
    assert not [role for role in ROLES if rights & ROLES[role] and not rights <= ROLES[role]]


def test_the_chief_of_staff_stops_and_starts_and_changes_nothing_that_is_sent() -> None:
    may = {right for right in ROLES["chief_of_staff"] if ".view_" not in right}
    assert {"compliance.place_halt", "compliance.start_halt"} <= may
    assert not {right for right in may if right.startswith("sequences.")}


def test_programs_may_do_nothing_here() -> None:
    assert ROLES["integration"] == frozenset()


def test_every_role_has_a_name() -> None:
    assert set(roles.LABELS) == set(ROLES)
