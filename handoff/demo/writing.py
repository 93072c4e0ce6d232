"""The first act: six texts are written, questioned and signed, and a sequence is built from them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.contrib.auth.models import User

from compliance.acts import Act, Consent, perform
from compliance.refusals import Refused
from sequences import approval, showing
from sequences.models import Sequence as MailSequence
from sequences.models import SequenceVersion, Step, Template, TemplateVersion

SEQUENCE, ACTIVATION = "partner-revenue", "forty-minutes"
TEXTS = Path(__file__).parent / "texts"
_ACTIVATION_TEXTS = Path(__file__).parent / "activation"
_REJECTED_ONCE = "5-one-number"
_FALSE_REPLY_ONCE = "2-sourced-or-nearby"
_ACTS: dict[str, Act] = {act.arrow: act for act in approval.TEXT_ACTS}
_SEQUENCE_ACTS: dict[str, Act] = {act.arrow: act for act in approval.SEQUENCE_ACTS}

Say = Callable[[str], None]
Staff = dict[str, User]


def write_all(staff: Staff, at: datetime, say: Say) -> list[TemplateVersion]:
    """Every text through content → CMO → CRO → sales ops; returns the loaded versions in order."""
    loaded = [_take_through(path, "nurture", staff, at, say) for path in sorted(TEXTS.glob("*.md"))]
    say(f"{len(loaded)} texts written by content, signed by CMO, CRO and sales ops in this order")
    return loaded


def build_sequence(texts: Sequence[TemplateVersion], staff: Staff, at: datetime, say: Say) -> SequenceVersion:
    """Sales ops builds a nurture sequence, too fast at first; the CRO signs it."""
    sequence = MailSequence.objects.create(slug=SEQUENCE, name="Partner revenue", type="nurture")
    version = SequenceVersion.objects.create(sequence=sequence, number=1, author=staff["sales_ops"], created_at=at)
    approval.note_edit(version, by=staff["sales_ops"], at=at, created=True)
    for position, text in enumerate(texts, start=1):
        Step.objects.create(version=version, position=position, template_version=text, wait_days=7 * (position > 1))
    submit, approve = _SEQUENCE_ACTS["submit"], _SEQUENCE_ACTS["approve"]
    try:
        perform(version, submit, by=staff["sales_ops"], at=at, consent=Consent())
    except Refused as refused:
        say(f"one mail a week is refused for nurture: {refused.refusals[0]}")
    version.steps.filter(position__gt=1).update(wait_days=14)
    perform(version, submit, by=staff["sales_ops"], at=at, consent=Consent())
    version.refresh_from_db()
    perform(version, approve, by=staff["cro"], at=at + timedelta(minutes=20), consent=Consent("Pace is right now."))
    say("the nurture sequence, six mails two weeks apart, is approved by the CRO")
    return SequenceVersion.objects.get(pk=version.pk)


def build_activation(staff: Staff, at: datetime, say: Say) -> SequenceVersion:
    """Two mails a week apart for SQLs; after them the CRO writes in person."""
    texts = [_take_through(path, "activation", staff, at, say) for path in sorted(_ACTIVATION_TEXTS.glob("*.md"))]
    sequence = MailSequence.objects.create(slug=ACTIVATION, name="Forty minutes", type="activation")
    at += timedelta(hours=4)
    version = SequenceVersion.objects.create(sequence=sequence, number=1, author=staff["sales_ops"], created_at=at)
    approval.note_edit(version, by=staff["sales_ops"], at=at, created=True)
    for position, text in enumerate(texts, start=1):
        Step.objects.create(version=version, position=position, template_version=text, wait_days=7 * (position > 1))
    perform(version, _SEQUENCE_ACTS["submit"], by=staff["sales_ops"], at=at, consent=Consent())
    version.refresh_from_db()
    perform(
        version, _SEQUENCE_ACTS["approve"], by=staff["cro"], at=at + timedelta(minutes=20), consent=Consent("Good.")
    )
    say("an activation sequence of two mails is written, signed and approved the same way")
    return SequenceVersion.objects.get(pk=version.pk)


def submit_another(staff: Staff, at: datetime) -> TemplateVersion:
    """One more wording of the first text, submitted and waiting for the CMO."""
    first = TemplateVersion.objects.order_by("pk")[0]
    body = first.body.replace("Most teams stop at six.", "Most teams stop at six, and nobody stops at ten.")
    version = _draft(first.template, first.subject, first.preview, body, staff, at)
    TemplateVersion.objects.filter(pk=version.pk).update(change_note="Says how far the best teams get.")
    return _take(version, "submit", staff["content"], at)


def _take_through(path: Path, type_: str, staff: Staff, at: datetime, say: Say) -> TemplateVersion:
    subject, preview, body = _read(path)
    template = Template.objects.create(slug=path.stem, name=subject, sequence_type=type_)
    if path.stem == _FALSE_REPLY_ONCE:
        _try_false_reply(template, preview, body, staff, at, say)
    if path.stem == _REJECTED_ONCE:
        first = _draft(template, subject, preview, body.replace("duller", "boring"), staff, at)
        first = _take(first, "submit", staff["content"], at)
        comment = Consent("“boring” is not how we talk about a board's numbers.")
        perform(first, _ACTS["reject"], by=staff["cmo"], at=at, consent=comment)
        say("the CMO rejects one wording with a comment; its author writes version 2")
    version = _draft(template, subject, preview, body, staff, at)
    version = _take(version, "submit", staff["content"], at)
    version = _take(version, "approve_messaging", staff["cmo"], at + timedelta(hours=1))
    version = _take(version, "approve_narrative", staff["cro"], at + timedelta(hours=2))
    return _take(version, "load", staff["sales_ops"], at + timedelta(hours=3))


def _try_false_reply(template: Template, preview: str, body: str, staff: Staff, at: datetime, say: Say) -> None:
    version = _draft(template, f"Re: {template.name}", preview, body, staff, at)
    try:
        perform(version, _ACTS["submit"], by=staff["content"], at=at, consent=Consent())
    except Refused as refused:
        say(f"a subject that begins with Re: is not let through: {refused.refusals[0]}")


def _draft(template: Template, subject: str, preview: str, body: str, staff: Staff, at: datetime) -> TemplateVersion:
    version = TemplateVersion.objects.create(
        template=template,
        number=template.versions.count() + 1,
        subject=subject,
        preview=preview,
        body=body,
        author=staff["content"],
        created_at=at,
    )
    approval.note_edit(version, by=staff["content"], at=at, created=True)
    return version


def _take(version: TemplateVersion, arrow: str, who: User, at: datetime) -> TemplateVersion:
    act = _ACTS[arrow]
    consent = showing.text(version, by=who, at=at).consent() if act.shows else Consent(digest=version.digest)
    perform(version, act, by=who, at=at, consent=consent)
    return TemplateVersion.objects.get(pk=version.pk)


def _read(path: Path) -> tuple[str, str, str]:
    """Subject, preview and body of a sample text: two lines of front matter, then Markdown."""
    _before, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
    return fields["subject"], fields["preview"], body.strip() + "\n"
