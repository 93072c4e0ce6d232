"""The ledger's furniture."""

from compliance.models.audit import AuditEntry, AuditSeal
from compliance.models.clearances import Budget, Decision, LostStep, Outcome, Touch
from compliance.models.declarations import EarlierOptOuts
from compliance.models.domains import DomainCheck, SendingDomain
from compliance.models.domains import Verdict as DomainVerdict
from compliance.models.halts import Halt
from compliance.models.heartbeats import Heartbeat
from compliance.models.holds import Hold
from compliance.models.identity_changes import IdentityChange
from compliance.models.incidents import Incident
from compliance.models.installation import Installation, Purpose
from compliance.models.journal_hosts import JournalHost
from compliance.models.lifting import Lift, LiftRequest, OptIn
from compliance.models.lookups import Among as Among
from compliance.models.people import AddressCard, AddressDigest, AddressSkeleton, CompanyKey, PersonKey
from compliance.models.playbook import PlaybookActivation, PlaybookSignature, PlaybookVersion
from compliance.models.subjects import SubjectKey
from compliance.models.suppression import Strength, Suppression, SuppressionDigest, SuppressionReason

__all__ = [
    "AddressCard",
    "AddressDigest",
    "AddressSkeleton",
    "AuditEntry",
    "AuditSeal",
    "Budget",
    "CompanyKey",
    "Decision",
    "DomainCheck",
    "DomainVerdict",
    "EarlierOptOuts",
    "Halt",
    "Heartbeat",
    "Hold",
    "IdentityChange",
    "Incident",
    "Installation",
    "JournalHost",
    "Lift",
    "LiftRequest",
    "LostStep",
    "OptIn",
    "Outcome",
    "PersonKey",
    "PlaybookActivation",
    "PlaybookSignature",
    "PlaybookVersion",
    "Purpose",
    "SendingDomain",
    "Strength",
    "SubjectKey",
    "Suppression",
    "SuppressionDigest",
    "SuppressionReason",
    "Touch",
]
