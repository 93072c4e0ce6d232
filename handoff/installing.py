"""Makes an installation ready: tables, roles, mark, playbook, first user, first mailbox. Safe to run again."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

from compliance import arming, audit, declaring, installation, playbook, vault
from compliance.models import PlaybookVersion, Purpose
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from handoff import playbook_files
from handoff.playbook_files import PlaybookFile
from handoff.roles import sync_roles
from sequences.models import Mailbox

EXAMPLE = Path(__file__).parent / "playbooks" / "example.toml"


class PlaybookFileError(ValueError):
    """A playbook file cannot be used; says what and where."""


@dataclass(frozen=True)
class Missing:
    """One thing a person still has to supply before mail can go out."""

    what: str
    remedy: str


def migrate() -> None:
    """Bring the tables up to date."""
    call_command("migrate", verbosity=0, interactive=False)


def prepare(purpose: Purpose, *, at: datetime) -> None:
    """Mark the database and bring the roles up to date.

    Only a database that had no mark is armed with it: a marked one may be a copy, and a person has to say that it
    is not. Raises Refused when the journal of this host belongs to another installation, JournalUnavailable.
    """
    if installation.purpose() is None:
        arming.begin(installation.mark(purpose, at=at), at)
    sync_roles()


def read_playbook(path: Path) -> PlaybookFile:
    """A playbook from its file. Raises PlaybookFileError with every fault, line by line."""
    try:
        return playbook_files.open_file(path)
    except OSError as error:
        raise PlaybookFileError(f"{path.name}: {error.strerror}") from error
    except Refused as refused:
        raise PlaybookFileError("\n".join(f"{path.name}: {one}" for one in refused.refusals)) from refused


def load_playbook(file: PlaybookFile, *, at: datetime) -> PlaybookVersion:
    """Store what a file says as the next version: in force at once, or once it is signed (`compliance.playbook`)."""
    return playbook.load(file.title, file.document, by=SYSTEM, at=at)


def first_mailbox(address: str, name: str, *, at: datetime) -> Mailbox:
    """A first mailbox that uses the server of EMAIL_URL (spec X7)."""
    security = "tls" if settings.EMAIL_USE_SSL else "starttls" if settings.EMAIL_USE_TLS else "plain"
    mailbox = Mailbox.objects.create(
        address=address,
        name=name,
        host=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        security=security,
        username=settings.EMAIL_HOST_USER or "",
        secret=vault.seal(settings.EMAIL_HOST_PASSWORD) if settings.EMAIL_HOST_PASSWORD else "",
        created_at=at,
    )
    audit.record("sequences.mailbox.created", audit.reference(mailbox), by=SYSTEM, at=at, host=mailbox.host)
    return mailbox


def what_is_missing() -> list[Missing]:
    """What still keeps this installation from sending, with the remedy for each."""
    found = []
    if not get_user_model().objects.filter(is_superuser=True, is_active=True).exists():
        found.append(Missing("no administrator", "manage.py createsuperuser"))
    if not PlaybookVersion.objects.exists():
        remedy = "copy handoff/playbooks/example.toml, fill it in, then manage.py setup --playbook FILE"
        found.append(Missing("no playbook", remedy))
    if not Mailbox.objects.exists():
        remedy = "add a mailbox in the admin, or set EMAIL_URL and run manage.py setup --mailbox ADDRESS"
        found.append(Missing("no mailbox", remedy))
    if not declaring.declared():
        remedy = "load who opted out with your earlier tools, then say so in the admin under This installation"
        found.append(Missing("nobody has said what became of earlier opt-outs", remedy))
    if fault := arming.look():
        remedy = 'if this database is the one that shall send: manage.py arm --by USERNAME --comment "why"'
        found.append(Missing(f"not armed on this host. {fault}", remedy))
    return found
