"""Which address shows which page. Of allauth only what staff need: no sign-up, no e-mail pages, no reset by mail."""

from allauth.account import views as account
from allauth.account.decorators import secure_admin_login
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from compliance.admin_factor import gated
from compliance.factor import Kind
from handoff.factors import recorded
from handoff.views import dressed

_TO_THE_FIRST_PAGE = RedirectView.as_view(pattern_name="admin:index", permanent=False)

# There is one way in, and it asks for the factor; the admin's own would take a password alone (LAW SEC-01).
admin.site.login = secure_admin_login(_TO_THE_FIRST_PAGE)  # type: ignore[method-assign]
admin.site.password_change = gated(admin.site.password_change, Kind.KEYS)  # type: ignore[method-assign, assignment]

_SIGNING = [
    path("login/", dressed(account.login), name="account_login"),
    path("reauthenticate/", dressed(account.reauthenticate), name="account_reauthenticate"),
    path("factor/", dressed(mfa.index), name="mfa_index"),
    path("factor/code/", dressed(mfa.authenticate), name="mfa_authenticate"),
    path("factor/again/", dressed(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("factor/set-up/", recorded(dressed(totp.activate_totp)), name="mfa_activate_totp"),
    path("factor/remove/", gated(recorded(dressed(totp.deactivate_totp)), Kind.KEYS), name="mfa_deactivate_totp"),
    path(
        "factor/recovery/",
        gated(dressed(codes.view_recovery_codes), Kind.KEYS, links=True),
        name="mfa_view_recovery_codes",
    ),
    path(
        "factor/recovery/new/",
        gated(recorded(dressed(codes.generate_recovery_codes)), Kind.KEYS),
        name="mfa_generate_recovery_codes",
    ),
]
urlpatterns = [
    path("", _TO_THE_FIRST_PAGE),
    path("admin/", admin.site.urls),
    path("accounts/", include(_SIGNING)),
    path("", include("compliance.urls")),
    path("", include("sequences.urls")),
]
