"""Makes the cast of a test: people with roles, contacts, and texts, sequences, lists signed by the real verbs."""

# factory-boy does not say what its declarations return.
# mypy: disable-error-code="no-untyped-call,attr-defined"

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

import factory
from django.contrib.auth.models import Group, User

from compliance import addresses, arming, cards, installation, playbook, vault
from compliance.acts import Consent
from compliance.models import AddressCard, Installation, PlaybookVersion, Purpose
from compliance.principals import SYSTEM
from handoff.eligibility import FITS
from handoff.roles import sync_roles
from sequences import approval, lists, models, showing
from sequences.models import (
    Account,
    Contact,
    Mailbox,
    RecipientList,
    SequenceType,
    SequenceVersion,
    Step,
    Template,
    TemplateVersion,
)
from tests.cast import LONG_AGO, PASSWORD, PLAYBOOK, WORDING
from tests.rungs import classified

Row = TypeVar("Row")


def role_group(name: str) -> Group:
    """The group of a role, with its permissions; outside of tests somebody has to make it first."""
    return Group.objects.filter(name=name).first() or sync_roles()[name]


class _User(factory.django.DjangoModelFactory[User]):
    """A member of staff: `UserFactory(role="cmo")`, `UserFactory(roles=["cro", "legal"])`. The password is PASSWORD."""

    class Meta:
        model = User

    role = ""
    roles: Sequence[str] = ()
    username = factory.LazyAttributeSequence(lambda made, number: f"{made.role or 'staff'}-{number}")
    email = factory.LazyAttribute(lambda made: f"{made.username}@ours.example.com")
    first_name = factory.LazyAttribute(lambda made: made.role.replace("_", " ").title() or "Staff")
    last_name = factory.Sequence(lambda number: f"Member {number}")
    is_staff = True
    password = factory.django.Password(PASSWORD)

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **columns: Any) -> User:
        roles = [*columns.pop("roles"), columns.pop("role")]
        user = model_class.objects.create(**columns)
        user.groups.add(*[role_group(name) for name in roles if name])
        return user


class _Account(factory.django.DjangoModelFactory[Account]):
    """A company with everything a text may use."""

    class Meta:
        model = Account

    name = factory.Sequence(lambda number: f"Pumps {number} Ltd")
    domain = factory.Sequence(lambda number: f"pumps-{number}.example.com")
    industry = "Pumps"
    ecosystem = "Hydraulics"


class _Contact(factory.django.DjangoModelFactory[Contact]):
    """A person with the card of their address."""

    class Meta:
        model = Contact

    account = factory.SubFactory(_Account)
    first_name = "Ada"
    last_name = factory.Sequence(lambda number: f"Byron {number}")
    address = factory.LazyAttributeSequence(lambda made, number: f"ada.{number}@{_domain(made.account)}")
    title = "Head of Pumps"
    country = "DE"
    source = "trade_fair"
    basis = "legitimate_interest"
    created_at = LONG_AGO
    card = factory.LazyAttribute(lambda made: card_of(made.address))


class _Mailbox(factory.django.DjangoModelFactory[Mailbox]):
    """An active sender on this machine, which is a relay of our own; `password="…"` is stored sealed."""

    class Meta:
        model = Mailbox

    class Params:
        password = ""

    address = factory.Sequence(lambda number: f"rick.{number}@ours.example.com")
    name = "Rick Halvorsen"
    host = "127.0.0.1"
    port = 2525
    security = Mailbox.Security.PLAIN
    provider = Mailbox.Provider.RELAY
    secret = factory.LazyAttribute(lambda made: vault.seal(made.password) if made.password else "")
    created_at = LONG_AGO


class _Template(factory.django.DjangoModelFactory[Template]):
    """The identity of a text."""

    class Meta:
        model = Template

    slug = factory.Sequence(lambda number: f"text-{number}")
    name = factory.Sequence(lambda number: f"Text {number}")
    sequence_type = SequenceType.NURTURE


class _TemplateVersion(factory.django.DjangoModelFactory[TemplateVersion]):
    """A draft that may be submitted; any part of its wording may be given."""

    class Meta:
        model = TemplateVersion

    template = factory.SubFactory(_Template)
    number = 1
    subject = WORDING["subject"]
    preview = WORDING["preview"]
    body = WORDING["body"]
    author = factory.SubFactory(_User, role="content")
    created_at = LONG_AGO


class _SequenceVersion(factory.django.DjangoModelFactory[SequenceVersion]):
    """A draft without steps."""

    class Meta:
        model = SequenceVersion

    class Params:
        type = SequenceType.NURTURE

    sequence = factory.LazyAttributeSequence(
        lambda made, number: models.Sequence.objects.create(
            slug=f"sequence-{number}", name=f"Sequence {number}", type=made.type
        )
    )
    number = 1
    author = factory.SubFactory(_User, role="sales_ops")
    created_at = LONG_AGO


class _RecipientList(factory.django.DjangoModelFactory[RecipientList]):
    """An empty list; give it an approved `sequence_version`."""

    class Meta:
        model = RecipientList

    name = factory.Sequence(lambda number: f"List {number}")
    author = factory.SubFactory(_User, role="sales_ops")
    created_at = LONG_AGO


@dataclass(frozen=True)
class Maker(Generic[Row]):
    """A factory as tests call it: `ContactFactory(country="FR")`, `ContactFactory.create_batch(3)`."""

    factory: Any

    def __call__(self, **columns: Any) -> Row:
        made: Row = self.factory.create(**columns)
        return made

    def create_batch(self, size: int, **columns: Any) -> list[Row]:
        """That many rows, alike but for their numbers."""
        return [self(**columns) for _number in range(size)]


UserFactory: Maker[User] = Maker(_User)
AccountFactory: Maker[Account] = Maker(_Account)
ContactFactory: Maker[Contact] = Maker(_Contact)
MailboxFactory: Maker[Mailbox] = Maker(_Mailbox)
TemplateFactory: Maker[Template] = Maker(_Template)
TemplateVersionFactory: Maker[TemplateVersion] = Maker(_TemplateVersion)
SequenceVersionFactory: Maker[SequenceVersion] = Maker(_SequenceVersion)
RecipientListFactory: Maker[RecipientList] = Maker(_RecipientList)


def armed(purpose: Purpose = Purpose.TEST) -> Installation:
    """A database that may send from this host; a marked one keeps its mark."""
    row = installation.mark(purpose, at=LONG_AGO)
    arming.begin(row, LONG_AGO)
    return row


def playbook_loaded(at: datetime = LONG_AGO, **sections: Any) -> PlaybookVersion:
    """A small valid playbook as the active one; sections given replace those of PLAYBOOK."""
    document: Mapping[str, Any] = {**PLAYBOOK, **sections}
    return playbook.load("A small playbook", document, by=SYSTEM, at=at)


def submitted_text(at: datetime, **wording: Any) -> TemplateVersion:
    """A text that waits for the CMO."""
    _with_playbook()
    draft = TemplateVersionFactory(**wording)
    approval.note_edit(draft, by=draft.author, at=at, created=True)
    approval.submit(draft, by=draft.author, at=at, consent=Consent())
    return TemplateVersion.objects.get(pk=draft.pk)


def signed_text(at: datetime, **wording: Any) -> TemplateVersion:
    """A text signed by CMO, CRO and sales ops, loaded."""
    version = submitted_text(at, **wording)
    for role in ("cmo", "cro", "sales_ops"):
        by = UserFactory(role=role)
        approval.sign_text(version, by=by, at=at, consent=having_read(version, by, at))
        version = TemplateVersion.objects.get(pk=version.pk)
    return version


def drafted_sequence(
    at: datetime, steps: int = 3, type: str = SequenceType.NURTURE, texts: Sequence[TemplateVersion] = ()
) -> SequenceVersion:
    """A draft with `steps` steps, each with a signed text of its own unless `texts` are given."""
    _with_playbook()
    chosen = list(texts) or [signed_text(at, template__sequence_type=type) for _step in range(steps)]
    version = SequenceVersionFactory(type=type)
    for position, text in enumerate(chosen, start=1):
        wait = 0 if position == 1 else _WAITS[type]
        Step.objects.create(version=version, position=position, template_version=text, wait_days=wait)
    approval.note_edit(version, by=version.author, at=at, created=True)
    return version


def approved_sequence(
    at: datetime, steps: int = 3, type: str = SequenceType.NURTURE, texts: Sequence[TemplateVersion] = ()
) -> SequenceVersion:
    """A sequence version signed by the CRO."""
    draft = drafted_sequence(at, steps, type, texts)
    approval.submit(draft, by=draft.author, at=at, consent=Consent())
    version = SequenceVersion.objects.get(pk=draft.pk)
    approval.sign_sequence(version, by=UserFactory(role="cro"), at=at, consent=Consent(digest=version.digest))
    return SequenceVersion.objects.get(pk=draft.pk)


def submitted_list(at: datetime, contacts: Sequence[Contact], version: SequenceVersion | None = None) -> RecipientList:
    """A list that waits for the CRO."""
    row = RecipientListFactory(sequence_version=version or approved_sequence(at))
    classified(contacts, FITS[row.sequence_version.sequence.type])
    lists.add(row, [(contact, contact.source, contact.basis) for contact in contacts], by=row.author, at=at)
    return lists.submit(row, by=row.author, at=at, consent=Consent())


def running_list(at: datetime, contacts: Sequence[Contact], version: SequenceVersion | None = None) -> RecipientList:
    """A list signed by the CRO, with everybody enrolled whom the door does not refuse; the database may send."""
    armed()
    if not Mailbox.objects.filter(state=Mailbox.State.ACTIVE).exists():
        MailboxFactory()
    row = submitted_list(at, contacts, version)
    by = UserFactory(role="cro")
    return lists.sign(row, by=by, at=at, consent=having_read(row, by, at))


def having_read(
    row: TemplateVersion | RecipientList, by: User, at: datetime, comment: str = "", digest: str = ""
) -> Consent:
    """What somebody says who was shown what they are about to sign; `digest` says something else than they saw."""
    seen: Any = showing.recipients if isinstance(row, RecipientList) else showing.text
    consent: Consent = seen(row, by=by, at=at).consent(comment)
    return replace(consent, digest=digest) if digest else consent


def card_of(address: str) -> AddressCard:
    """The card of an address, made if need be."""
    parsed = addresses.parse(address)
    return cards.find_or_make([parsed], at=LONG_AGO)[parsed.canonical]


def _with_playbook() -> None:
    if not PlaybookVersion.objects.exists():
        playbook_loaded()


def _domain(account: Account | None) -> str:
    return account.domain if account and account.domain else "nobody.example.com"


_WAITS: Mapping[str, int] = {SequenceType.NURTURE: 14, SequenceType.ACTIVATION: 7, SequenceType.RE_ENGAGEMENT: 30}
