"""Decides why a list that names somebody has not begun to write to them, and which files left them out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance import audit, clearance
from compliance.models import Outcome, Suppression
from compliance.playbook import NoPlaybook
from compliance.verdicts import Ruling
from sequences import asks, wording
from sequences.explain import said, shape
from sequences.explain.whom import Whom
from sequences.imports import reasons
from sequences.imports.verdicts import Verdict
from sequences.models import Enrollment, ImportRun, ListRow, RecipientList, Step

State = RecipientList.State
_SHOWN = 20
_KEPT_OUT = ("suppression.kept", "suppression.imitated")
_WORDS: dict[str, Any] = {
    "list_being_loaded": _("The list is still being loaded"),
    "list_waits_for_signature": _("The list waits for the CRO's signature"),
    "list_rejected": _("The CRO rejected the list"),
    "another_sequence": _("One sequence at a time: the person is in another one"),
    "not_begun": _("Nothing stands against it; the next signature of the list begins it"),
}
_BY_STATE = {
    State.DRAFT: "list_being_loaded",
    State.SUBMITTED: "list_waits_for_signature",
    State.REJECTED: "list_rejected",
    State.WITHDRAWN: "list_withdrawn",
}


def lists(whom: Whom, passages: Sequence[Enrollment], at: datetime) -> list[shape.Listed]:
    """The newest rows of lists from which no passage came, and what the door says of each now."""
    contacts = [row.pk for row in whom.contacts]
    rows = ListRow.objects.filter(contact__in=contacts).exclude(pk__in={row.row_id for row in passages})
    with_all = ("contact__account", "contact__card", "recipient_list__sequence_version__sequence")
    found = list(rows.select_related(*with_all).order_by("-pk")[:_SHOWN])
    asked = [asks.for_row(row, row.recipient_list.sequence_version) for row in found]
    rulings = clearance.preview(asked, at) if asked else []
    elsewhere = any(row.state == Enrollment.State.ACTIVE for row in passages)
    changed = _changed([row for row in found if row.signed_leaf])
    return [
        _listed(row, ruling, changed=row.pk in changed, elsewhere=elsewhere)
        for row, ruling in zip(found, rulings, strict=True)
    ]


def left_out(stops: Sequence[Suppression]) -> list[shape.LeftOut]:
    """The rows of files that said that this person opted out, or that a stop of theirs kept out.

    Of other rows that an import leaves out it keeps no more than their number.
    """
    theirs = [row for row in stops if row.scope == Suppression.Scope.PERSON]
    entries = audit.happened([audit.reference(row) for row in theirs], _KEPT_OUT)
    kept = [(one.at, one.data) for one in entries] + [
        (row.at, row.evidence) for row in theirs if "file" in row.evidence
    ]
    named = {(at, str(data.get("file")), data.get("row")) for at, data in kept}
    runs = ImportRun.objects.filter(file_digest__in={file for _at, file, _row in named}).order_by("pk")
    return [
        _left_out(run, row)
        for run in (runs.select_related("recipient_list") if named else ())
        for at, file, row in sorted(named, key=str)
        if isinstance(row, int) and (run.at, run.file_digest) == (at, file)
    ]


def _listed(row: ListRow, ruling: Ruling, *, changed: bool, elsewhere: bool) -> shape.Listed:
    code = _code(row, ruling, changed=changed, elsewhere=elsewhere)
    named = row.recipient_list
    return {
        "list": named.pk,
        "name": named.name,
        "sequence": str(named.sequence_version),
        "state": named.state,
        "code": code,
        "because": str(_WORDS[code]) if code in _WORDS else words.say(code),
        "since": row.removed_at or named.submitted_at,
        "verdicts": said.ruled(ruling),
    }


def _code(row: ListRow, ruling: Ruling, *, changed: bool, elsewhere: bool) -> str:
    if row.removed_at:
        return "removed_from_list"
    if waits := _BY_STATE.get(State(row.recipient_list.state)):
        return waits
    if ruling.outcome == Outcome.REFUSE:
        return ruling.code
    if not row.signed_leaf:
        return "row_not_signed"
    if changed:
        return "row_changed"
    return "another_sequence" if elsewhere else "not_begun"


def _changed(rows: Sequence[ListRow]) -> set[int]:
    """The signed rows that say something else by now, compared as the door does."""
    versions = {row.recipient_list.sequence_version_id for row in rows}
    steps: dict[int, list[Step]] = {version: [] for version in versions}
    for step in Step.objects.filter(version__in=versions).select_related("template_version").order_by("position"):
        steps[step.version_id].append(step)
    variables = {version: wording.signed_variables(some) for version, some in steps.items()}
    return {row.pk for row in rows if not _as_signed(row, variables[row.recipient_list.sequence_version_id])}


def _as_signed(row: ListRow, variables: tuple[str, ...]) -> bool:
    try:
        houses = wording.signed_house()
    except NoPlaybook:
        return True
    told: dict[str, Any] = {"source": row.source, "basis": row.basis, "variables": variables}
    return row.signed_leaf in {wording.leaf_digest(row.contact, house=house, **told) for house in houses}


def _left_out(run: ImportRun, row: int) -> shape.LeftOut:
    found: Mapping[str, Any] = next((one for one in run.findings if one.get("row") == row), {})
    verdict, code = str(found.get("verdict", "")), str(found.get("code", ""))
    known = verdict in Verdict.values
    return {
        "run": run.pk,
        "file": run.file_name,
        "list": run.recipient_list.name,
        "row": row,
        "verdict": verdict,
        "because": reasons.reason(code) if code else reasons.label(verdict) if known else "",
        "at": run.at,
    }
