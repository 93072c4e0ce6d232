"""Decides which legal basis a tool's words mean, in the words of the door (LAW JUR-03)."""

import re
from collections.abc import Mapping

from sequences.imports.presets import normal

CONSENT = "consent"
CONTRACT = "contract"
EXISTING_CUSTOMER = "existing_customer"
LEGITIMATE_INTEREST = "legitimate_interest"
PUBLISHED_ADDRESS = "published_address"
ALL = (LEGITIMATE_INTEREST, CONSENT, EXISTING_CUSTOMER, CONTRACT, PUBLISHED_ADDRESS)

_PARTS = re.compile(r"[;|\n]")


def _each(basis: str, words: str) -> dict[str, str]:
    return dict.fromkeys((normal(word) for word in (basis, *words.split("|"))), basis)


# An inquiry or a scanned badge is a reason to write, not a consent to be written to.
_WORDS: Mapping[str, str] = {
    **_each(CONSENT, "freely given consent from contact|explicit consent|express consent|consent given|given|granted"),
    **_each(CONSENT, "opt-in|opted in|opt-in form|double opt-in|yes|ja|einwilligung|consentement|consentimiento"),
    **_each(
        EXISTING_CUSTOMER, "legitimate interest - existing customer|customer|soft opt-in|bestandskunde|kunde|client"
    ),
    **_each(CONTRACT, "performance of a contract|contractual|vertrag|vertragserfüllung|contrat|contrato"),
    **_each(PUBLISHED_ADDRESS, "published|publicly available|public source|conspicuously published|impressum"),
    **_each(
        LEGITIMATE_INTEREST,
        "legitimate interests|legitimate interest - prospect/lead|legitimate interest - other|berechtigtes interesse"
        "|intérêt légitime|interés legítimo|inquiry|enquiry|implied consent|event badge|badge scan|business card",
    ),
}


def basis_of(text: str) -> str:
    """The door's word for a cell, the first that is known of several in it; "" for words that nobody knows."""
    found = (_WORDS.get(normal(part), "") for part in _PARTS.split(text))
    return next(filter(None, found), "")
