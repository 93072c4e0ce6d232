"""Follows the SPF record of a domain as a receiver would, and says what is wrong with it (RFC 7208; LAW DOM-01).

The worst case is counted: every mechanism is followed, as for a server that is named last. Macros are not expanded;
what they ask for is counted.
"""

import ipaddress
import re

from compliance.findings import Finding, Weight
from compliance.nameservers import BadName, Nameservers

_LOOKUPS, _VOID = 10, 2
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]{0,63})=(.{0,255})", re.IGNORECASE)
_DIRECTIVE = re.compile(r"([+?~-]?)([a-z0-9]{1,10})([:/].{0,255})?", re.IGNORECASE)
_ASKS = frozenset({"include", "a", "mx", "ptr", "exists"})
_LENGTHS = re.compile(r"(/\d{1,3})?(//\d{1,3})?\Z")


class _Broken(Exception):
    """A receiver would say permerror, or worse."""

    def __init__(self, code: str, name: str, found: str = "") -> None:
        super().__init__(code)
        self.finding = Finding(code, Weight.FAILS, name, found)


def look(domain: str, asked: Nameservers) -> Finding:
    """What there is to say of the SPF record of a domain. Raises Silent, BadName."""
    try:
        record = _record(domain, asked)
        permits = _Walk(asked).permits(domain, record)
    except _Broken as broken:
        return broken.finding
    if not permits:
        return Finding("spf_permits_nobody", Weight.FAILS, domain, record)
    return Finding("spf_good", Weight.GOOD, domain, record)


def _record(domain: str, asked: Nameservers, where: str = "") -> str:
    """The one record; `where` names the record that sent us here."""
    found = [text for text in asked.texts(domain) if text.lower().split(" ", 1)[0] == "v=spf1"]
    if len(found) == 1:
        return found[0]
    if where:
        raise _Broken("spf_leads_nowhere", domain, where)
    raise _Broken("spf_several", domain, " | ".join(found)) if found else _Broken("spf_missing", domain)


class _Walk:
    def __init__(self, asked: Nameservers) -> None:
        self._asked = asked
        self._lookups = self._void = 0

    def permits(self, domain: str, record: str) -> bool:
        """Whether this record lets anybody pass. Raises _Broken."""
        permits, ended, redirect = False, False, ""
        for term in record.split()[1:]:
            if found := _MODIFIER.fullmatch(term):
                redirect = found[2] if found[1].lower() == "redirect" else redirect
            elif not ended:
                sign, mechanism, given = _directive(domain, term)
                if mechanism == "all" and sign == "+":
                    raise _Broken("spf_passes_everybody", domain, record)
                ended = mechanism == "all"
                # Even what lets nobody pass is looked up by the receiver, and counts.
                permits |= self._matches(domain, mechanism, given, record) and sign == "+"
        return permits or bool(redirect and not ended and self._elsewhere(domain, redirect, record))

    def _matches(self, domain: str, mechanism: str, given: str, record: str) -> bool:
        """Whether there is anybody whom the mechanism could mean."""
        if mechanism in {"ip4", "ip6"}:
            return _network(domain, mechanism, given, record)
        if mechanism not in _ASKS:
            return False
        if mechanism == "include":
            return self._elsewhere(domain, given[1:], record)
        self._count(domain, record)
        name = _LENGTHS.sub("", given).removeprefix(":") or domain
        return mechanism == "ptr" or "%" in name or self._found(domain, mechanism, name, record)

    def _elsewhere(self, domain: str, target: str, record: str) -> bool:
        self._count(domain, record)
        if "%" in target:
            return True
        if not target:
            raise _Broken("spf_malformed", domain, record)
        try:
            return self.permits(target, _record(target, self._asked, record))
        except BadName:
            raise _Broken("spf_leads_nowhere", target, record) from None

    def _found(self, domain: str, mechanism: str, name: str, record: str) -> bool:
        try:
            found = bool(self._asked.exchanges(name)) if mechanism == "mx" else self._asked.has_address(name)
        except BadName:
            raise _Broken("spf_malformed", domain, record) from None
        self._void += not found
        if self._void > _VOID:
            raise _Broken("spf_too_many_void", domain, record)
        return found

    def _count(self, domain: str, record: str) -> None:
        self._lookups += 1
        if self._lookups > _LOOKUPS:
            raise _Broken("spf_too_many_lookups", domain, record)


def _directive(domain: str, term: str) -> tuple[str, str, str]:
    found = _DIRECTIVE.fullmatch(term)
    if not found or found[2].lower() not in {*_ASKS, "all", "ip4", "ip6"}:
        raise _Broken("spf_malformed", domain, term)
    return found[1] or "+", found[2].lower(), found[3] or ""


def _network(domain: str, mechanism: str, given: str, record: str) -> bool:
    try:
        network = ipaddress.ip_network(given[1:], strict=False)
    except ValueError:
        raise _Broken("spf_malformed", domain, record) from None
    if network.version != int(mechanism[-1]):
        raise _Broken("spf_malformed", domain, record)
    if not network.prefixlen:
        raise _Broken("spf_passes_everybody", domain, record)
    return True
