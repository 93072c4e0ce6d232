"""Decides at which treatment a country is: what is done with its people, counted from the first (LAW APR-05).

A row is signed under the treatment in force. After a material change, one that a signature given before would not
cover, the rows of that country are signed again.
"""

from collections.abc import Mapping
from types import MappingProxyType

FIRST = 1
# Whoever changes what is done with the people of a country (its zone in sequences/countries.py, whether and for which
# reason they may be written to) in a way that somebody who signed would want to know raises its number here.
CHANGED: Mapping[str, int] = MappingProxyType({})


def treatment(country: str) -> int:
    """The number of the treatment in force for a country, ISO 3166-1 alpha-2; FIRST for one that is not known."""
    return CHANGED.get(country, FIRST)
