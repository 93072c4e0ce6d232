"""Signing in with a password and a second factor: set up, used, missed, lost (LAW SEC-01, APR-07; FT-67)."""

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import NoReverseMatch, reverse

from compliance import vault
from compliance.models import AuditEntry, Halt
from tests.cast import PASSWORD
from tests.desk import sign_in
from tests.factories import UserFactory
from tests.phone import code_for, code_of, paired, recovery_codes_of, step, without

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

LOGIN, CODE, SET_UP = "/accounts/login/", "/accounts/factor/code/", "/accounts/factor/set-up/"
FIRST_PAGE = reverse("admin:index")


@pytest.fixture(autouse=True)
def _nobody_has_failed_before() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def came(client: Client) -> bool:
    return client.get(FIRST_PAGE).status_code == 200


def give_password(client: Client, user: User, password: str = PASSWORD, **more: str) -> str:
    answer = client.post(LOGIN, {"login": user.username, "password": password, **more})
    return str(answer.get("Location", ""))


def verbs(prefix: str = "") -> list[str]:
    return list(AuditEntry.objects.filter(verb__startswith=prefix).order_by("pk").values_list("verb", flat=True))


class TestSigningIn:
    def test_a_password_alone_opens_nothing(self, client: Client) -> None:
        user = paired(UserFactory(role="cro"))
        assert give_password(client, user) == CODE
        assert not came(client)

    def test_a_password_and_a_code_open_the_door(self, client: Client) -> None:
        user = paired(UserFactory(role="cro"))
        give_password(client, user)
        client.post(CODE, {"code": code_of(user)})
        assert came(client)
        assert verbs("access.") == ["access.factor_used", "access.signed_in"]

    def test_it_goes_on_where_somebody_wanted_to_go(self, client: Client) -> None:
        user = paired(UserFactory(role="cro"))
        page = reverse("admin:sequences_recipientlist_changelist")
        sent = client.get(page, follow=True)
        assert f'value="{page}"' in sent.content.decode()
        give_password(client, user, next=page)
        assert client.post(CODE, {"code": code_of(user)})["Location"] == page

    def test_a_code_opens_once(self, client: Client) -> None:
        user, code = paired(UserFactory(role="cro")), ""
        for browser in (client, Client()):
            give_password(browser, user)
            code = code or code_of(user)
            browser.post(CODE, {"code": code})
        assert came(client)
        assert not came(browser)

    def test_a_wrong_code_is_recorded_with_whose_it_was_not(self, client: Client) -> None:
        user = paired(UserFactory(role="cro"))
        give_password(client, user)
        client.post(CODE, {"code": "none"})
        entry = AuditEntry.objects.get(verb="access.factor_failed")
        assert (entry.subject, entry.actor) == (f"auth.user:{user.pk}", "system")
        assert not came(client)

    def test_codes_cannot_be_guessed_for_long(self, client: Client) -> None:
        user = paired(UserFactory(role="cro"))
        give_password(client, user)
        for _guess in range(5):
            client.post(CODE, {"code": "none"})
        answer = client.post(CODE, {"code": code_of(user)})
        assert "Too many failed login attempts" in answer.content.decode()
        assert not came(client)

    def test_passwords_cannot_be_guessed_for_long(self, client: Client) -> None:
        user = paired(UserFactory(role="cro"))
        for _guess in range(5):
            give_password(client, user, "wrong")
        assert give_password(Client(), user) == ""

    def test_a_recovery_code_opens_once(self, client: Client) -> None:
        user = paired(UserFactory(role="cro"))
        code = recovery_codes_of(user)[3]
        for browser in (client, Client()):
            give_password(browser, user)
            browser.post(CODE, {"code": code})
        assert came(client)
        assert not came(browser)

    def test_the_admin_has_no_way_in_of_its_own(self, client: Client) -> None:
        user, other = paired(UserFactory(role="cro")), UserFactory(role="rep")
        form = {"username": user.username, "password": PASSWORD}
        assert client.post("/admin/login/", form)["Location"].startswith(LOGIN)
        client.force_login(other)
        client.post("/admin/login/", form)
        assert client.session["_auth_user_id"] == str(other.pk)

    @pytest.mark.parametrize("name", ["account_signup", "account_reset_password", "account_email", "mfa_trust"])
    def test_nobody_signs_up_or_resets_by_mail(self, client: Client, name: str) -> None:
        with pytest.raises(NoReverseMatch):
            reverse(name)

    def test_a_password_that_was_reset_does_not_go_around_the_factor(self, client: Client) -> None:
        user = paired(UserFactory(role="cro"))
        sign_in(client, "root")
        new = "another horse, another battery"
        form = {"usable_password": "true", "password1": new, "password2": new}
        client.post(reverse("admin:auth_user_password_change", args=[user.pk]), form)
        stranger = Client()
        assert give_password(stranger, user, new) == CODE
        assert not came(stranger)


class TestSettingUp:
    def test_who_has_none_is_led_to_set_one_up_and_nowhere_else(self, client: Client) -> None:
        user = UserFactory(role="cro")
        give_password(client, user)
        for page in (FIRST_PAGE, reverse("admin:sequences_contact_changelist"), reverse("mfa_index")):
            assert client.get(page)["Location"] == SET_UP
        assert client.get(SET_UP).status_code == 200

    def test_who_has_none_may_stop_everything(self, client: Client) -> None:
        give_password(client, UserFactory(role="rep"))
        client.post(reverse("admin:compliance_halt_stop"))
        assert Halt.objects.exists()

    def test_the_first_code_opens_the_door_and_shows_the_recovery_codes_once(self, client: Client) -> None:
        user = UserFactory(role="cro")
        give_password(client, user)
        answer = client.post(SET_UP, {"code": code_for(_key(client))}, follow=True)
        printed = recovery_codes_of(user)
        assert all(code in answer.content.decode() for code in printed)
        assert came(client)
        assert printed[0] not in client.get(reverse("mfa_view_recovery_codes")).content.decode()
        assert verbs("auth.user.factor") == ["auth.user.factor_added"] * 2

    def test_the_code_of_the_set_up_is_spent(self, client: Client) -> None:
        user = UserFactory(role="cro")
        give_password(client, user)
        code = code_for(_key(client))
        client.post(SET_UP, {"code": code})
        stranger = Client()
        give_password(stranger, user)
        stranger.post(CODE, {"code": code})
        assert not came(stranger)

    def test_a_stolen_cookie_sets_up_no_factor_of_its_own(self, client: Client) -> None:
        client.force_login(UserFactory(role="cro"))
        without(client)
        assert client.get(SET_UP)["Location"].startswith("/accounts/reauthenticate/")

    def test_a_cookie_without_a_factor_is_asked_for_the_one_there_is(self, client: Client) -> None:
        user = paired(UserFactory(role="cro"))
        client.force_login(user)
        without(client)
        shown = client.get(FIRST_PAGE)
        assert shown.status_code == 403
        assert client.post(FIRST_PAGE, step(shown, code_of(user))).status_code == 302
        assert came(client)

    def test_what_codes_are_made_from_is_sealed(self, client: Client) -> None:
        user = UserFactory(role="cro")
        give_password(client, user)
        key = _key(client)
        client.post(SET_UP, {"code": code_for(key)})
        stored = {row.type: str(row.data) for row in Authenticator.objects.all()}
        assert key not in stored["totp"]
        row = Authenticator.objects.get(type="totp")
        assert vault.unseal(row.data["secret"], vault.FACTOR) == key
        with pytest.raises(vault.Unreadable):
            vault.unseal(row.data["secret"])
        assert "seed" in stored["recovery_codes"]
        assert key not in str(dict(client.session))


class TestTakingOff:
    PAGES = ("mfa_deactivate_totp", "mfa_generate_recovery_codes")

    @pytest.mark.parametrize("name", PAGES)
    def test_it_asks_for_the_factor_and_a_password_is_not_enough(self, client: Client, name: str) -> None:
        user = paired(UserFactory(role="cro"))
        give_password(client, user)
        client.post(CODE, {"code": recovery_codes_of(user)[0]})
        _make_stale(client)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        assert client.post(reverse(name)).status_code == 403
        assert Authenticator.objects.filter(user=user).count() == 2

    def test_who_takes_it_off_sets_up_another(self, client: Client) -> None:
        user = paired(UserFactory(role="cro"))
        client.force_login(user)
        client.post(reverse("mfa_deactivate_totp"))
        assert not Authenticator.objects.filter(user=user).exists()
        assert client.get(FIRST_PAGE)["Location"] == SET_UP
        assert verbs("auth.user.factor_removed") == ["auth.user.factor_removed"] * 2

    def test_new_recovery_codes_end_the_old_ones(self, client: Client) -> None:
        user = paired(UserFactory(role="cro"))
        old = recovery_codes_of(user)
        client.force_login(user)
        client.post(reverse("mfa_generate_recovery_codes"))
        assert not set(old) & set(recovery_codes_of(user))


def test_where_no_factor_is_required_nobody_is_asked_and_the_first_page_says_so(
    client: Client, settings: object
) -> None:
    settings.REQUIRE_MFA = False  # type: ignore[attr-defined]
    give_password(client, UserFactory(role="cro"))
    assert "Nobody is asked for a second factor here" in client.get(FIRST_PAGE).content.decode()


def _key(client: Client) -> str:
    shown = client.get(SET_UP).content.decode()
    found = re.search(r'<code class="ho-code">([A-Z2-7]{32})</code>', shown)
    assert found
    return found[1]


def _make_stale(client: Client) -> None:
    session = client.session
    session["factor_used_at"] |= {"at": "2020-01-01T00:00:00+00:00"}
    for one in session["account_authentication_methods"]:
        one["at"] = 0
    session.save()


class TestTheCommand:
    def test_shows_who_has_one(self) -> None:
        paired(UserFactory(username="rick"))
        UserFactory(username="tom")
        said = _told("factors").splitlines()
        assert [line.split(maxsplit=1) for line in said] == [["rick", "set up"], ["tom", "none yet"]]

    def test_takes_a_lost_one_away_with_every_session_and_says_who_did(self, client: Client) -> None:
        root = UserFactory(is_superuser=True)
        user = paired(UserFactory(username="rick", role="cro"))
        client.force_login(user)
        _told("factors", "--remove", "rick", "--reason", "Rang me; I know the voice.")
        assert client.get(FIRST_PAGE).status_code == 302
        entry = AuditEntry.objects.filter(verb="auth.user.factor_removed")[0]
        assert (entry.actor, entry.reason) == (f"user:{root.pk}", "Rang me; I know the voice.")
        stranger = Client()
        give_password(stranger, user)
        assert stranger.get(FIRST_PAGE)["Location"] == SET_UP

    @pytest.mark.parametrize(
        ("told", "said"),
        [
            (("nobody", "--reason", "x"), "no user of that name"),
            (("rick", "--reason", " "), "say how you know"),
            (("rick", "--reason", "x", "--by", "ghost"), "no active user"),
            (("tom", "--reason", "x"), "has no second factor"),
        ],
    )
    def test_says_what_is_wrong_and_takes_nothing(self, told: tuple[str, ...], said: str) -> None:
        UserFactory(is_superuser=True)
        paired(UserFactory(username="rick"))
        UserFactory(username="tom")
        with pytest.raises(CommandError, match=said):
            _told("factors", "--remove", *told)
        assert Authenticator.objects.count() == 2


def _told(*command: str) -> str:
    said = StringIO()
    call_command(*command, stdout=said)
    return said.getvalue()
