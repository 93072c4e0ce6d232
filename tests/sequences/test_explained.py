"""Any message that was sent is explained by the log alone: what, when, why, who signed, which code (LAW AUD-03)."""

import pytest

from compliance import audit, builds, verdicts
from compliance.models import AuditEntry, Decision, PlaybookVersion
from sequences.models import Signature
from tests.cast import TUESDAY
from tests.promises import sent
from tests.sequences.campaign import message

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


@pytest.fixture
def entry() -> AuditEntry:
    """What the log says of the one message that was sent; nothing else of it is read below."""
    sent()
    builds.build_round(TUESDAY)
    return AuditEntry.objects.get(verb="sequences.outboundmessage.accept")


def decision(entry: AuditEntry) -> Decision:
    return Decision.objects.get(ref=entry.data["ref"], attempt=entry.data["attempt"])


def test_what_went_is_named_by_its_digest(entry: AuditEntry) -> None:
    assert entry.data["digest"] == message().content_digest


def test_why_it_went_is_each_rule_of_that_very_try(entry: AuditEntry) -> None:
    found = decision(entry)
    assert (found.outcome, found.at) == ("permit", entry.at)
    assert all(verdict.get("outcome", "permit") == "permit" for verdict in verdicts.read(found.verdicts))


def test_under_which_playbook_is_its_number(entry: AuditEntry) -> None:
    assert PlaybookVersion.objects.get(number=decision(entry).playbook)


@pytest.mark.parametrize(("rule", "signed"), [("WordingIsSigned", 3), ("SequenceIsSigned", 1)])
def test_which_text_and_sequence_and_who_signed_them_is_their_digest(entry: AuditEntry, rule: str, signed: int) -> None:
    (said,) = [verdict for verdict in verdicts.read(decision(entry).verdicts) if verdict["rule"] == rule]
    assert Signature.objects.filter(digest=said["why"]["digest"]).count() == signed


def test_which_code_decided_is_told_too(entry: AuditEntry) -> None:
    told = AuditEntry.objects.get(subject=builds.subject_of(decision(entry).build))
    assert told.data["version"]
    assert audit.digest_of(told) == told.digest
