"""What tests of the import share: a signed sequence, somebody who loads, files written on the spot."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from compliance import suppression
from compliance.addresses import parse
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from sequences.imports.files import opened, surveyed
from sequences.imports.previewing import Plan, preview
from sequences.imports.storing import store
from sequences.imports.verdicts import RowVerdict
from sequences.models import ImportRun, ListRow, RecipientList, SequenceVersion
from tests.cast import TUESDAY
from tests.factories import RecipientListFactory, UserFactory, approved_sequence, playbook_loaded
from tests.sequences.imports import samples

HEADER = ("Email", "First name", "Last name", "Company", "Industry")
ADA = ("ada@pumps.example.com", "Ada", "Byron", "Pumps", "pumps")


@dataclass(frozen=True)
class Told:
    """What the command said: the object on standard output."""

    data: Mapping[str, Any]

    def counts(self) -> dict[str, int]:
        return {verdict: count for verdict, count in self.data["verdicts"].items() if count}

    def finding(self, row: int) -> tuple[str, str, str]:
        (found,) = [one for one in self.data["findings"] if one["row"] == row]
        return found["verdict"], found["code"], found["field"]


@dataclass(frozen=True)
class Desk:
    """Loads files onto one list, as the command and the page do."""

    folder: Path
    recipients: RecipientList
    lena: User

    def file(self, *rows: Sequence[str], header: Sequence[str] = HEADER, name: str = "people.csv") -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return path

    def verdicts(self, path: Path, **plan: Any) -> list[RowVerdict]:
        file = opened(path, name=path.name)
        told = Plan(version=self.recipients.sequence_version, recipients=self.recipients, **plan)
        return list(preview(file, surveyed(file), told, at=TUESDAY))

    def verdict(self, *row: str, header: Sequence[str] = HEADER, **plan: Any) -> tuple[str, str, str]:
        (one,) = self.verdicts(self.file(row, header=header), **plan)
        return one.verdict.value, one.code, one.field

    def store(self, path: Path) -> ImportRun:
        file = opened(path, name=path.name)
        return store(self.verdicts(path), self.recipients, file, by=self.lena, at=TUESDAY)

    def load(self, *rows: Sequence[str], header: Sequence[str] = HEADER) -> ImportRun:
        return self.store(self.file(*rows, header=header))

    def run(self, path: Path, *extra: str) -> Told:
        """The command, with --json."""
        output = StringIO()
        call_command("import_recipients", *self.arguments(path), "--json", *extra, stdout=output)
        return Told(json.loads(output.getvalue()))

    def sample(self, number: int, *extra: str) -> Told:
        return self.run(samples.FOLDER / samples.FILES[number - 1], *extra)

    def arguments(self, path: Path) -> tuple[str, ...]:
        version: SequenceVersion = self.recipients.sequence_version
        named = ("--list", self.recipients.name, "--sequence", version.sequence.slug)
        return (str(path), *named, "--by", self.lena.username, "--at", TUESDAY.isoformat())

    def people(self) -> set[str]:
        rows = ListRow.objects.filter(recipient_list=self.recipients)
        return set(rows.values_list("contact__address", flat=True))


@pytest.fixture
def desk(db: None, tmp_path: Path) -> Desk:
    """An empty list in draft for a signed sequence whose text uses first name, company and industry."""
    free_mail = (samples.FOLDER / "freemail-domains.txt").read_text(encoding="utf-8").split()
    playbook_loaded(recipients={"free_mail": free_mail, "role_names": ["front-office"]})
    lena = UserFactory(role="sales_ops", username="lena")
    recipients = RecipientListFactory(sequence_version=approved_sequence(TUESDAY, steps=1), author=lena)
    return Desk(tmp_path, recipients, lena)


@pytest.fixture
def stop() -> Callable[[str], None]:
    """Records an opt-out by telephone."""
    return _stop


def _stop(address: str) -> None:
    suppression.stop_address(parse(address), Stop(SuppressionReason.BY_PHONE), by=SYSTEM, at=TUESDAY)
