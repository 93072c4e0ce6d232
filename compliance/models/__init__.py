"""The ledger's furniture."""

from compliance.models.audit import AuditEntry, AuditSeal
from compliance.models.clearances import Budget, Decision, Outcome, Touch
from compliance.models.installation import Installation, Purpose
from compliance.models.people import AddressCard, AddressDigest, PersonKey
from compliance.models.playbook import PlaybookVersion
from compliance.models.suppression import Strength, Suppression, SuppressionDigest, SuppressionReason

__all__ = [
    "AddressCard",
    "AddressDigest",
    "AuditEntry",
    "AuditSeal",
    "Budget",
    "Decision",
    "Installation",
    "Outcome",
    "PersonKey",
    "PlaybookVersion",
    "Purpose",
    "Strength",
    "Suppression",
    "SuppressionDigest",
    "SuppressionReason",
    "Touch",
]
