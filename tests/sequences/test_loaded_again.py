"""Restored to before an import: whoever is loaded again is a stranger, and is not sent the same step twice (PIP-14)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from compliance import arming, journal
from compliance.acts import Consent
from compliance.models import Installation, LostStep, Touch
from sequences.models import Contact, Enrollment, OutboundMessage, SequenceVersion
from tests.cast import TUESDAY
from tests.factories import ContactFactory, MailboxFactory, UserFactory, approved_sequence, armed, playbook_loaded
from tests.faults.backups import Backup
from tests.sequences.campaign import PLENTY, State, broken_promises, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]
FIRST, ADA, LATER = "first@other.example.com", "Ada@pumps.example.com", TUESDAY + timedelta(days=20)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def version(server: ScriptedServer, tmp_path: Path) -> SequenceVersion:
    """The sequence was there when the backup was made; who was sent its first step was not."""
    playbook_loaded(caps=PLENTY)
    armed()
    MailboxFactory(port=server.port)
    made = approved_sequence(TUESDAY, steps=2)
    backup = Backup(tmp_path)
    under_way(people=[ContactFactory(address=ADA)], version=made)
    assert play() == {"accepted": 1}
    backup.restore()
    backup.remove()
    assert not Contact.objects.exists()
    assert arming.fault(TUESDAY)
    return made


def arm() -> None:
    by = UserFactory(role="legal")
    arming.arm(Installation.objects.get(), by=by, at=TUESDAY, consent=Consent("Restored."))


def load_again(version: SequenceVersion) -> None:
    # Another person before them, so that no reference is the same by chance.
    under_way(people=[ContactFactory(address=each) for each in (FIRST, ADA.lower())], version=version)


def written_to() -> list[str]:
    """Who is sent the step that is due; a reference that somebody else had before the restore costs one try."""
    for hours in (0, 1, 2):
        play(TUESDAY + timedelta(hours=hours))
    sent = OutboundMessage.objects.filter(state=State.ACCEPTED).order_by("pk")
    return list(sent.values_list("enrollment__contact__address", flat=True))


def test_the_step_is_passed_over_and_the_next_one_goes(version: SequenceVersion, server: ScriptedServer) -> None:
    arm()
    load_again(version)
    assert written_to() == [FIRST]
    ada = Enrollment.objects.get(contact__address=ADA.lower())
    assert (ada.next_step, ada.state) == (2, Enrollment.State.ACTIVE)
    refused = OutboundMessage.objects.get(enrollment=ada)
    assert refused.reason == "maybe_sent_before"
    Enrollment.objects.update(due_at=LATER)
    assert play(LATER) == {"accepted": 2}
    assert broken_promises() == {}


def test_another_sequence_is_another_matter(version: SequenceVersion, server: ScriptedServer) -> None:
    arm()
    load_again(approved_sequence(TUESDAY, steps=1))
    assert sorted(written_to()) == sorted([FIRST, ADA.lower()])


def test_a_sequence_that_was_numbered_anew_is_known_by_its_name(
    version: SequenceVersion, server: ScriptedServer
) -> None:
    arm()
    slug = version.sequence.slug
    type(version.sequence).objects.filter(pk=version.sequence.pk).update(slug="renamed")
    again = approved_sequence(TUESDAY, steps=1)
    type(again.sequence).objects.filter(pk=again.sequence.pk).update(slug=slug)
    load_again(SequenceVersion.objects.get(pk=again.pk))
    assert written_to() == [FIRST]


def test_an_older_journal_without_steps_is_read_as_before(version: SequenceVersion) -> None:
    (record,) = journal.records("cleared")
    (row,) = record["rows"]
    old = [*row[:7], row[-1] + 1]
    journal.append("cleared", TUESDAY, [{"rows": [["99/1", *old[1:]]]}])
    arm()
    assert Touch.objects.count() == 2
    assert LostStep.objects.get().step == 1
