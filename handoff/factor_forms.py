"""Decides what happens when somebody types a code: it is used once, noted in the session, and recorded either way."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import TOTP
from django import forms
from django.db import transaction
from django.http import HttpRequest

from compliance import audit, clock, factor
from compliance.principals import SYSTEM
from compliance.refusals import Refusal


class _Code:
    """The part of a form that takes a code of `user`."""

    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except forms.ValidationError:
            # At the sign-in nobody is anybody yet: the password was right, and that is all we know of them.
            by = self.user if context.request.user.is_authenticated else SYSTEM
            audit.record("access.factor_failed", audit.reference(self.user), by=by, at=clock.now())
            raise
        return code

    def save(self) -> None:
        at, used = clock.now(), str(self.authenticator.type)
        with transaction.atomic():
            super().save()  # type: ignore[misc]
            audit.record("access.factor_used", audit.reference(self.user), by=self.user, at=at, factor=used)
        factor.note(context.request.session, self.user, at)


class SignIn(_Code, AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in."""


class Again(_Code, ReauthenticateForm):  # type: ignore[misc]
    """A code in the middle of something."""


class SetUp(ActivateTOTPForm):  # type: ignore[misc]
    """Who types the first code has used their factor, and that code is spent."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        TOTP(Authenticator(user=self.user))._mark_code_used(code)
        factor.note(context.request.session, self.user, clock.now())
        return code


def check(request: HttpRequest, code: str) -> Refusal | None:
    """Try a code of whoever is signed in (FACTOR_CHECK)."""
    form = Again(user=request.user, data={"code": code})
    if form.is_valid():
        form.save()
        return None
    return Refusal("factor_refused", " ".join(form.errors["code"]))
