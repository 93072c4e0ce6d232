"""Reads the other records a sending domain needs: DKIM keys, a DMARC policy, hosts that take replies.

RFC 6376, 8301, 9989, 5321 §5.1, 7505; LAW DOM-02, DOM-03, DOM-07.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from compliance.findings import Finding, Weight
from compliance.nameservers import BadName, Nameservers

_FLOOR_BITS, _GOOD_BITS, _ED25519_BYTES = 1024, 2048, 32
_POLICIES = frozenset({"none", "quarantine", "reject"})
# So many parents are asked (RFC 9989 §4.10); a single label is a registry's and no organisation's.
_DEEPEST, _FEWEST_LABELS = 8, 2
_GOOD, _NOTE, _FAILS = Weight.GOOD, Weight.NOTE, Weight.FAILS


def dkim(domain: str, selectors: Sequence[str], asked: Nameservers) -> Iterator[Finding]:
    """The key at each selector. The provider signs, so only a person knows which; without one it is said."""
    if not selectors:
        yield Finding("dkim_not_told", _NOTE, domain)
    for selector in selectors:
        yield _key(f"{selector}._domainkey.{domain}", asked)


def dmarc(domain: str, asked: Nameservers) -> Finding:
    """The policy of the domain or, walking up, of whom it belongs to."""
    for name in _upwards(domain):
        found = [text for text in asked.texts(f"_dmarc.{name}") if _tags(text).get("v") == "DMARC1"]
        if len(found) > 1:
            return Finding("dmarc_several", _FAILS, f"_dmarc.{name}", " | ".join(found))
        if found:
            return _policy(domain, name, found[0])
    return Finding("dmarc_missing", _FAILS, f"_dmarc.{domain}")


def replies(domain: str, asked: Nameservers) -> Finding:
    """Whether an answer to the address we write from arrives anywhere."""
    hosts = asked.exchanges(domain)
    if not hosts:
        here = asked.has_address(domain)
        return Finding("mx_implied", _NOTE, domain) if here else Finding("mx_missing", _FAILS, domain)
    if hosts == [""]:
        return Finding("mx_null", _FAILS, domain, "MX 0 .")
    found = " ".join(hosts)
    reached = any(_has_address(host, asked) for host in hosts)
    return Finding("mx_good", _GOOD, domain, found) if reached else Finding("mx_leads_nowhere", _FAILS, domain, found)


def _has_address(host: str, asked: Nameservers) -> bool:
    try:
        return bool(host) and asked.has_address(host)
    except BadName:
        return False


def _key(name: str, asked: Nameservers) -> Finding:
    found = asked.texts(name)
    if not found:
        return Finding("dkim_missing", _FAILS, name)
    if len(found) > 1:
        return Finding("dkim_several", _FAILS, name, " | ".join(found))
    tags = _tags(found[0])
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return Finding("dkim_malformed", _FAILS, name, found[0])
    if not tags["p"]:
        return Finding("dkim_revoked", _FAILS, name, found[0])
    code, weight = _strength(tags)
    return Finding(code, weight, name, found[0])


def _strength(tags: Mapping[str, str]) -> tuple[str, Weight]:
    try:
        raw = base64.b64decode("".join(tags["p"].split()), validate=True)
        if tags.get("k", "rsa").lower() == "ed25519":
            return ("dkim_good", _GOOD) if len(raw) == _ED25519_BYTES else ("dkim_malformed", _FAILS)
        key = load_der_public_key(raw)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return "dkim_malformed", _FAILS
    if not isinstance(key, RSAPublicKey):
        return "dkim_malformed", _FAILS
    if key.key_size < _FLOOR_BITS:
        return "dkim_weak", _FAILS
    if key.key_size < _GOOD_BITS:
        return "dkim_short", _NOTE
    # A key under trial is treated as if there were no signature (RFC 6376 §3.6.1).
    return ("dkim_on_trial", _NOTE) if "y" in tags.get("t", "").lower().split(":") else ("dkim_good", _GOOD)


def _policy(domain: str, name: str, record: str) -> Finding:
    tags, where = _tags(record), f"_dmarc.{name}"
    policy = tags.get("p", "").lower()
    if name != domain:
        policy = tags.get("sp", policy).lower()
    if policy not in _POLICIES:
        return Finding("dmarc_malformed", _FAILS, where, record)
    if policy == "none" and not tags.get("rua"):
        return Finding("dmarc_without_reports", _FAILS, where, record)
    return Finding("dmarc_good" if name == domain else "dmarc_of_parent", _GOOD, where, record)


def _upwards(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    yield domain
    for count in range(min(len(labels) - 1, _DEEPEST - 1), _FEWEST_LABELS - 1, -1):
        yield ".".join(labels[-count:])


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";") if "=" in part)
    return {key.strip().lower(): value.strip() for key, _sign, value in pairs}
