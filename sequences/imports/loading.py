"""Decides which list a file is loaded onto: the one of that name, or a new draft for the approved version."""

from datetime import datetime

from django.db import transaction

from compliance.principals import Staff
from compliance.refusals import Refusal, Refused
from sequences import approval
from sequences.imports.storing import against_importing
from sequences.models import RecipientList, SequenceVersion


class NoSequence(LookupError):
    """There is no approved version of that sequence."""


class WrongSequence(ValueError):
    """The list of that name is for another sequence."""


def approved_version(sequence: str) -> SequenceVersion:
    """The newest approved version by the sequence's key. Raises NoSequence."""
    versions = SequenceVersion.objects.filter(sequence__slug=sequence, state=SequenceVersion.State.APPROVED)
    if version := versions.select_related("sequence").order_by("-number").first():
        return version
    raise NoSequence(f"sequence {sequence!r}: there is no approved version of it")


def list_named(name: str, *, sequence: str) -> RecipientList | None:
    """The list of that name, if there is one. Raises WrongSequence when it is for another sequence."""
    found = RecipientList.objects.select_related("sequence_version__sequence").filter(name=name).first()
    if found and found.sequence_version.sequence.slug != sequence:
        raise WrongSequence(f"list {name!r}: it is for sequence {found.sequence_version.sequence.slug!r}")
    return found


def new_list(name: str, version: SequenceVersion, *, by: Staff, at: datetime) -> RecipientList:
    """A draft for this sequence version, written by this person. Raises Refused."""
    draft = RecipientList(name=name, sequence_version=version, author_id=by.pk, created_at=at)
    longest = RecipientList._meta.get_field("name").max_length
    refusals = against_importing(draft, by)
    if not 0 < len(name.strip()) <= (longest or 0):
        refusals.append(Refusal("bad_name", f"a list has a name of 1 to {longest} characters", "list"))
    if refusals:
        raise Refused(refusals)
    with transaction.atomic():
        draft.save()
        approval.note_edit(draft, by=by, at=at, created=True)
    return draft
