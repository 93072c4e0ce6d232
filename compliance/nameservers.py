"""Asks DNS what stands at a name: records, nothing, or no answer at all, which is never taken for nothing.

The servers are those of the setting DNS_SERVERS, else of this machine. One asking has a budget: three seconds for a
question, ten for all of them; what comes afterwards counts as not answered.
"""

from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
from django.conf import settings

_PATIENCE_SECONDS, _BUDGET_SECONDS = 3.0, 10.0
# Then the next server is tried, or the same one again: packets get lost.
_TRY_SECONDS = 1.0
_MOST_RECORDS, _LONGEST_TEXT = 200, 8192
_DATAGRAM_BYTES = 1232


class Silent(Exception):
    """Nobody answered in time, or the servers said that they could not. Names what was asked for."""


class BadName(ValueError):
    """No name that DNS could be asked for."""


class Nameservers:
    """One asking; the same question is put once."""

    def __init__(self) -> None:
        self._resolver = _resolver()
        self._spent = 0.0
        self._known: dict[tuple[str, str], Sequence[Any] | None] = {}

    def exists(self, name: str) -> bool:
        """Whether there is anything at or below a name. Raises Silent, BadName; so do the others."""
        return self._ask(name, "MX") is not None

    def texts(self, name: str) -> list[str]:
        """Its TXT records, each in one piece (RFC 7208 §3.3)."""
        rows = self._ask(name, "TXT") or ()
        return [b"".join(row.strings)[:_LONGEST_TEXT].decode("ascii", "replace") for row in rows]

    def exchanges(self, name: str) -> list[str]:
        """The hosts that take its mail, best first; the null MX is an empty name (RFC 7505)."""
        rows = sorted(self._ask(name, "MX") or (), key=lambda row: int(row.preference))
        return [str(row.exchange.to_text(omit_final_dot=True)).rstrip(".") for row in rows]

    def has_address(self, name: str) -> bool:
        """Whether a host has an address, of either kind."""
        return bool(self._ask(name, "A") or self._ask(name, "AAAA"))

    def _ask(self, name: str, kind: str) -> Sequence[Any] | None:
        """The records; None when there is no such name."""
        if (name, kind) not in self._known:
            self._known[(name, kind)] = self._answer(name, kind)
        return self._known[(name, kind)]

    def _answer(self, name: str, kind: str) -> Sequence[Any] | None:
        absolute = _absolute(name)
        if self._resolver is None or self._spent >= _BUDGET_SECONDS:
            raise Silent(f"{kind} {name}")
        try:
            answer = self._resolver.resolve(absolute, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return None
        except (dns.exception.DNSException, OSError) as error:
            self._spent += _PATIENCE_SECONDS
            raise Silent(f"{kind} {name}") from error
        self._spent += float(answer.response.time)
        return list(answer.rrset or ())[:_MOST_RECORDS]


def _absolute(name: str) -> dns.name.Name:
    try:
        return dns.name.from_text(f"{name.rstrip('.')}.", idna_codec=dns.name.IDNA_2008_Practical)
    except (dns.exception.DNSException, ValueError) as error:
        raise BadName(name) from error


def _resolver() -> dns.resolver.Resolver | None:
    """None when this machine names no server."""
    try:
        resolver = dns.resolver.Resolver(configure=not settings.DNS_SERVERS)
    except dns.resolver.NoResolverConfiguration:
        return None
    if settings.DNS_SERVERS:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in settings.DNS_SERVERS]
    resolver.use_edns(0, 0, _DATAGRAM_BYTES)
    resolver.lifetime, resolver.timeout = _PATIENCE_SECONDS, _TRY_SECONDS
    return resolver
