"""The telephone of a member of staff: what its authenticator app shows, and how it was set up."""

import re
import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from compliance import factor, vault

_STEP = 30


def paired(user: User) -> User:
    """Somebody who has set up an app and recovery codes."""
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    return user


def code_of(user: User, *, later: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    row = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    return code_for(vault.unseal(row.data["secret"], vault.FACTOR), later=later)


def code_for(secret: str, *, later: int = 0) -> str:
    """The same for the key that a page shows."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // _STEP + later)))


def recovery_codes_of(user: User) -> list[str]:
    """The codes that were printed."""
    row = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    codes: list[str] = row.wrap().get_unused_codes()
    return codes


def step(asked: HttpResponse | Any, code: str) -> dict[str, str]:
    """The form of the page that asks for the factor, filled in."""
    carried = re.search(r'name="factor-carried" value="([^"]+)"', asked.content.decode())
    assert carried, asked.status_code
    return {"factor-carried": carried[1], "factor-code": code}


def stale(client: Client) -> None:
    """The factor of this session was used too long ago."""
    session = client.session
    said = session["factor_used_at"]
    session["factor_used_at"] = said | {"at": "2020-01-01T00:00:00+00:00"}
    session.save()


def without(client: Client) -> None:
    """No factor was ever used in this session: a stolen password, or a cookie from elsewhere."""
    session = client.session
    factor.forget(session)
    session.save()
