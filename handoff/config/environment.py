"""Decides how a value of the environment is read: what makes no sense stops the start."""

import ipaddress
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

_YES, _NO = ("true", "on", "yes", "y", "ok", "1"), ("false", "off", "no", "n", "0")


class Environment(environ.Env):  # type: ignore[misc]
    """The environment, in which a yes or no that is neither stops the start: "ture" must not open a door."""

    def bool(self, var: str, default: bool) -> bool:
        """One flag: true, on, yes, 1 or false, off, no, 0."""
        text = self.str(var, "").strip().lower()
        if text not in {"", *_YES, *_NO}:
            raise ImproperlyConfigured(f"{var} must be true or false, not {text!r}")
        return text in _YES if text else default


def versioned_keys(text: str) -> dict[int, bytes]:
    """`1:hex,2:hex` → {1: bytes, 2: bytes}; a key has 32 bytes and is never removed, only followed by a newer one."""
    try:
        keys = {
            int(number): bytes.fromhex(key) for number, _sep, key in (part.partition(":") for part in text.split(","))
        }
    except ValueError as error:
        raise ImproperlyConfigured("HANDOFF_KEYS must read 1:<64 hex digits>[,2:<64 hex digits>…]") from error
    if len(keys) < text.count(":") or any(len(key) != 32 or not 0 < number < 256 for number, key in keys.items()):
        raise ImproperlyConfigured("HANDOFF_KEYS: each key has 64 hexadecimal digits and its own number from 1 to 255")
    return keys


def servers(text: str, port: int = 53) -> list[tuple[str, int]]:
    """`192.0.2.1,[2001:db8::1]:5353` → [(address, port)]. Names are refused: who would resolve them?"""
    try:
        parts = [urlsplit(f"//{part.strip()}") for part in text.split(",") if part.strip()]
        return [(str(ipaddress.ip_address(part.hostname or "")), part.port or port) for part in parts]
    except ValueError as error:
        raise ImproperlyConfigured("HANDOFF_DNS must read address[:port][,address[:port]…]") from error
