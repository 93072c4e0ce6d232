"""Decides how allauth behaves here: nobody signs up, secrets are sealed, what becomes of a factor is recorded.

Who has a factor renews nothing by password alone: with it, whoever stole a password could take the factor away.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from compliance import audit, clock, factor, vault
from compliance.principals import Principal

_SAID_ELSEWHERE = {"account/messages/logged_in.txt", "mfa/messages/recovery_codes_generated.txt"}

View = Callable[..., HttpResponse]


class NoMail(RuntimeError):
    """Something of signing in wanted to send mail: an address of staff would be a way around the factor."""


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made in the admin and by commands; signing in sends no mail."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: Any) -> None:
        raise NoMail(template_prefix)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("account_login"))

    def add_message(
        self, request: HttpRequest, level: int, template: str | None = None, *args: Any, **rest: Any
    ) -> None:
        if template not in _SAID_ELSEWHERE:
            super().add_message(request, level, template, *args, **rest)

    def is_reauthentication_required(self, *, app: str, **rest: Any) -> bool:
        """A factor used a moment ago is enough; so is the password of a moment ago, for who has no factor yet."""
        request, at = context.request, clock.now()
        return not (factor.is_fresh(request, at) or (not has_one(request.user) and _signed_in_lately(request, at)))

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [one for one in methods if (one["id"] == "mfa_reauthenticate") == has_one(user)]


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    """What codes are made from is sealed under a key of its own."""

    def encrypt(self, text: str) -> str:
        return vault.seal(text, vault.FACTOR)

    def decrypt(self, encrypted_text: str) -> str:
        return vault.unseal(encrypted_text, vault.FACTOR)

    def get_totp_label(self, user: Any) -> str:
        return str(user.get_username())


def has_one(user: Any) -> bool:
    """Whether somebody has set up an authenticator app; recovery codes alone are no factor."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists())


def recorded(view: View) -> View:
    """A view that may set up or end a factor of whoever is signed in; what it did is recorded with it, or not done."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **rest: Any) -> HttpResponse:
        if request.method != "POST" or not isinstance(request.user, User):
            return view(request, *args, **rest)
        with transaction.atomic():
            before = _held(request.user)
            response = view(request, *args, **rest)
            _record_changes(request.user, before, by=request.user, at=clock.now())
        if not has_one(request.user):
            factor.forget(request.session)
        return response

    return answer


def remove(user: User, *, by: Principal, at: datetime, reason: str) -> bool:
    """Take every factor of somebody away, recovery codes included: they set up a new one when they sign in next."""
    with transaction.atomic():
        before = _held(user)
        Authenticator.objects.filter(user=user).delete()
        _record_changes(user, before, by=by, at=at, reason=reason)
    return bool(before)


def _signed_in_lately(request: HttpRequest, at: datetime) -> bool:
    moments = [datetime.fromtimestamp(one["at"], UTC) for one in get_authentication_records(request, request.user)]
    return any(abs(at - moment) < factor.FRESH for moment in moments)


def _held(user: User) -> dict[int, str]:
    return dict(Authenticator.objects.filter(user=user).values_list("pk", "type"))


def _record_changes(user: User, before: dict[int, str], *, by: Principal, at: datetime, reason: str = "") -> None:
    after, subject = _held(user), audit.reference(user)
    added = [("auth.user.factor_added", after[key]) for key in after if key not in before]
    removed = [("auth.user.factor_removed", before[key]) for key in before if key not in after]
    notes = [audit.Note(verb, subject, {"factor": type_}, reason) for verb, type_ in removed + added]
    audit.record_all(notes, by=by, at=at)
