"""Decides which secret key serves which purpose: one derived key per purpose and version of HANDOFF_KEYS.

A version is never removed: links in mail already sent, and stops of people already erased, are checked with the
key of their day.
"""

import hashlib
import hmac
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from django.conf import settings


def keys_for(purpose: str) -> Mapping[int, bytes]:
    """{version: 32 bytes} for one purpose (`address`, `token:unsubscribe`, `mailbox` …), the current one last."""
    return _all(purpose, tuple(settings.HANDOFF_KEYS.items()))


def current(purpose: str) -> tuple[int, bytes]:
    """(version, key) with which new things of this purpose are made."""
    version = max(settings.HANDOFF_KEYS)
    return version, _derived(settings.HANDOFF_KEYS[version], purpose)


# Every digest of every address asks for them.
@lru_cache(maxsize=256)
def _all(purpose: str, known: tuple[tuple[int, bytes], ...]) -> Mapping[int, bytes]:
    return MappingProxyType({version: _derived(key, purpose) for version, key in sorted(known)})


@lru_cache(maxsize=256)
def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, f"handoff/{purpose}".encode(), hashlib.sha256).digest()
