"""How staff sign in: a password and a second factor. Nobody signs up, and nothing is reset by mail."""

from typing import Any

SETTINGS: dict[str, Any] = {
    "LOGIN_URL": "account_login",
    "LOGIN_REDIRECT_URL": "admin:index",
    "ACCOUNT_ADAPTER": "handoff.factors.Accounts",
    "ACCOUNT_LOGIN_METHODS": {"username"},
    "ACCOUNT_EMAIL_VERIFICATION": "none",
    "ACCOUNT_REAUTHENTICATION_METHODS": ["password", "mfa"],
    "ACCOUNT_SESSION_REMEMBER": True,
    "MFA_ADAPTER": "handoff.factors.Factors",
    "MFA_FORMS": {
        "activate_totp": "handoff.factor_forms.SetUp",
        "authenticate": "handoff.factor_forms.SignIn",
        "reauthenticate": "handoff.factor_forms.Again",
    },
    "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes"],
    "MFA_TOTP_ISSUER": "Handoff",
    # Telephones whose clock is half a minute off.
    "MFA_TOTP_TOLERANCE": 1,
    "MFA_ALLOW_UNVERIFIED_EMAIL": True,
    "MFA_RECOVERY_CODES_SHOW_ONCE": True,
}
