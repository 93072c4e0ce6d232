"""The domain that tests write from, as receivers would believe it, and what is wrong with it otherwise."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.nameserver import Records

OURS = "ours.example.com"
SELECTOR = "s1"
SPF = "v=spf1 ip4:192.0.2.25 -all"
DMARC = "v=DMARC1; p=none; rua=mailto:dmarc@ours.example.com"


@lru_cache
def key(bits: int = 2048) -> str:
    """A DKIM record with a fresh public key."""
    public = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    text = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    return f"v=DKIM1; k=rsa; p={text}"


def sound() -> Records:
    """Everything that a receiver looks for."""
    texts = {OURS: ["site-verification=abc", SPF], f"_dmarc.{OURS}": [DMARC], f"{SELECTOR}._domainkey.{OURS}": [key()]}
    return Records(texts, {OURS: ["mail.ours.example.com"]}, ["mail.ours.example.com"])


def with_spf(*texts: str, beside: Mapping[str, Sequence[str]] | None = None, hosts: Sequence[str] = ()) -> Records:
    """The same with these SPF records, and those of other names beside them."""
    return _with({OURS: texts, **(beside or {})}, hosts)


def with_dmarc(*texts: str, at: str = OURS) -> Records:
    """The same with these DMARC records at a name, and none at ours."""
    return _with({f"_dmarc.{OURS}": (), f"_dmarc.{at}": texts})


def with_key(*texts: str) -> Records:
    """The same with these records at the selector."""
    return _with({f"{SELECTOR}._domainkey.{OURS}": texts})


def with_exchanges(*hosts: str, addresses: Sequence[str] = ()) -> Records:
    """The same with these hosts for its mail."""
    return replace(sound(), exchanges={OURS: hosts}, hosts=addresses)


def _with(texts: Mapping[str, Sequence[str]], hosts: Sequence[str] = ()) -> Records:
    whole = sound()
    return replace(whole, texts={**whole.texts, **texts}, hosts=[*whole.hosts, *hosts])
