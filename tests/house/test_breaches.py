"""Every check of the house can fail: breaches planted as text are found, and what is allowed passes."""

import textwrap

import pytest

from tests.house import places, shape, texts
from tests.house.sources import Source, matches

PLANTED = [
    (places.clock, "sequences/planner.py", "from django.utils import timezone\nat = timezone.now()"),
    (places.clock, "sequences/planner.py", "from django.utils.timezone import now"),
    (places.clock, "sequences/planner.py", "import datetime as d\nd.date.today()"),
    (places.clock, "sequences/planner.py", "import time as t\nt.monotonic()"),
    (places.clock, "sequences/planner.py", "from time import time"),
    (places.clock, "sequences/planner.py", "from django.db.models.functions import Now"),
    (places.clock, "sequences/planner.py", "from django.utils import timezone\ntimezone.localdate()"),
    (places.clock, "sequences/render.py", "from email.utils import formatdate\nformatdate(usegmt=True)"),
    (places.clock, "sequences/models/lists.py", "at = models.DateTimeField(auto_now_add=True)"),
    (places.clock, "sequences/models/lists.py", "at = models.DateTimeField(default=timezone.now)"),
    (places.clock, "sequences/planner.py", "from compliance import clock"),
    (places.clock, "sequences/tasks.py", "from datetime import UTC, datetime\nat = datetime.now(UTC)"),
    (places.clock, "sequences/sender.py", "from compliance.clock import now"),
    (places.clock, "sequences/sender.py", "from compliance import clock\nclock.now()"),
    (places.mail, "sequences/transport.py", "import smtplib"),
    (places.mail, "sequences/smtp.py", "from django.core import mail"),
    (places.mail, "handoff/alerts.py", "from django.core.mail import send_mail"),
    (places.mail, "sequences/planner.py", "from sequences.smtp import Transcript"),
    (places.mail, "sequences/sender.py", "from sequences.smtp import deliver"),
    (places.mail, "sequences/sender.py", "from sequences import smtp"),
    (places.mail, "sequences/sender.py", "from . import smtp"),
    (places.state, "handoff/ladder.py", "lead.stage = 'mql'"),
    (places.state, "handoff/ladder.py", "lead.stage, lead.tier = 'mql', 'A'"),
    (places.state, "handoff/ladder.py", "lead.stage: str = 'mql'"),
    (places.state, "handoff/ladder.py", "setattr(lead, 'stage', 'mql')"),
    (places.state, "sequences/sender.py", "rows.update(state='accepted')"),
    (places.state, "sequences/sender.py", "rows.update(**{'state': 'accepted'})"),
    (places.state, "sequences/sender.py", "Message.objects.bulk_update(rows, ['reply', 'state'])"),
    (places.state, "sequences/sender.py", "Message.objects.bulk_create(rows, update_fields=['state'])"),
    (places.state, "sequences/sender.py", "Message.objects.update_or_create(pk=1, defaults={'state': 'accepted'})"),
    (places.pen, "compliance/suppression.py", "from compliance.models import AuditEntry"),
    (places.pen, "handoff/evidence.py", "from compliance import models\nmodels.AuditEntry.objects.all()"),
    (places.pen, "handoff/evidence.py", "apps.get_model('compliance', 'AuditEntry')"),
    (places.pen, "handoff/evidence.py", "apps.get_model('compliance.auditentry')"),
    (shape.introduced, "handoff/gates.py", "import os"),
    (shape.small, "handoff/gates.py", "\n" * shape.FILE_LINES + "x = 1"),
    (shape.small, "handoff/gates.py", "def long():\n" + "    x = 1\n" * shape.FUNCTION_LINES),
    (shape.open_imports, "handoff/gates.py", "def f():\n    import os"),
    (shape.open_imports, "handoff/apps.py", "class A:\n    def ready(self):\n        from handoff import checks"),
    (
        shape.open_imports,
        "handoff/management/commands/run.py",
        "async def f():\n    def g():\n        from os import path",
    ),
    (shape.no_signals, "handoff/intake.py", "from django.dispatch import Signal"),
    (shape.no_signals, "handoff/intake.py", "from django.db.models import signals"),
    (shape.no_signals, "handoff/intake.py", "from django.contrib.auth.signals import user_logged_in"),
    (shape.no_signals, "handoff/intake.py", "from celery.signals import task_failure"),
    (shape.no_signals, "handoff/intake.py", "@receiver(saved)\ndef take(sender): ..."),
    (shape.plain_models, "handoff/models/leads.py", "class Lead:\n    def save(self): ..."),
    (shape.plain_models, "sequences/models/lists.py", "from compliance import audit"),
    (shape.plain_models, "sequences/models/lists.py", "from sequences.planner import plan"),
    (shape.plain_records, "sequences/sender.py", "_log.info(f'{x}')"),
    (shape.plain_records, "sequences/sender.py", "_log.error('%s' % x)"),
    (shape.plain_records, "sequences/sender.py", "_log.error('{}'.format(x))"),
    (shape.plain_records, "sequences/sender.py", "_log.exception(str(error))"),
    (shape.plain_records, "sequences/sender.py", "_log.log(level, 'x' + y)"),
]
ALLOWED = [
    (places.clock, "compliance/clock.py", "from datetime import UTC, datetime\ndatetime.now(UTC)"),
    (places.clock, "sequences/tasks.py", "from compliance import clock\nclock.now()"),
    (places.clock, "sequences/management/commands/tick.py", "from compliance.clock import now\nnow()"),
    (places.clock, "sequences/admin_lists.py", "from compliance import clock\nclock.now()"),
    (places.clock, "sequences/sender.py", "from compliance.clock import lease_clock"),
    (places.clock, "sequences/sender.py", "from compliance import clock\nclock.lease_clock()"),
    (places.clock, "sequences/planner.py", "from django.utils import timezone\ntimezone.localtime(at, zone)"),
    (places.mail, "sequences/smtp.py", "import smtplib"),
    (places.mail, "sequences/transport.py", "from django.core import mail\nfrom sequences import smtp"),
    (places.mail, "sequences/settling.py", "from sequences.smtp import Transcript"),
    (places.mail, "sequences/sender.py", "from sequences.smtp import Transcript"),
    (places.state, "compliance/transitions.py", "rows.update(state='accepted')"),
    (places.state, "sequences/models/outbox.py", "class Message:\n    state = FSMField()"),
    (places.state, "sequences/planner.py", "Message(state='planned')\nmessage.state\nrows.filter(state='planned')"),
    (places.state, "sequences/planner.py", "Message.objects.get_or_create(ref=1, defaults={'state': 'planned'})"),
    (places.pen, "compliance/sealer.py", "from compliance.models import AuditEntry"),
    (places.pen, "compliance/admin_audit.py", "from compliance.models import AuditEntry"),
    (shape.introduced, "handoff/__init__.py", ""),
    (shape.introduced, "handoff/gates.py", '"""Decides what is missing."""'),
    (shape.small, "handoff/gates.py", "def full():\n" + "    x = 1\n" * (shape.FUNCTION_LINES - 1)),
    (shape.open_imports, "handoff/gates.py", "import os\nif True:\n    import sys"),
    (shape.no_signals, "handoff/intake.py", "from handoff.models.signals import Signal"),
    (shape.no_signals, "handoff/config/celery.py", "from celery.signals import worker_process_init"),
    (shape.plain_records, "sequences/sender.py", "_log.error('message %s: %s', message.pk, error)"),
    (shape.plain_records, "sequences/sender.py", "_log.log(level, 'x %s', y)\nmath.log(x)"),
    (shape.plain_models, "sequences/forms.py", "class Form:\n    def save(self): ..."),
    (shape.plain_models, "sequences/models/lists.py", "from compliance.models import AddressCard"),
]


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_a_planted_breach_is_found(rule: places.Rule, path: str, text: str) -> None:
    assert [breach.path for breach in rule(Source(path, textwrap.dedent(text)))]


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED)
def test_what_the_plan_allows_passes(rule: places.Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text))) == []


def test_a_breach_says_where_it_stands() -> None:
    (breach,) = places.state(Source("handoff/ladder.py", "\nlead.stage = 'mql'"))
    assert str(breach).startswith("handoff/ladder.py:2 a state is changed by")


@pytest.mark.parametrize("text", ["/{}/main", "in `/{}`", "cd /{}/x", '"/{}"', "file:///{}/x", "sqlite:////{}/x"])
@pytest.mark.parametrize("folder", ["work", "root", "home"])
def test_a_path_of_one_machine_is_found(text: str, folder: str) -> None:
    assert list(texts.machine_paths("README.md", text.format(folder)))


@pytest.mark.parametrize("text", ["https://example.com/{}/x", "templates/{}/x", "/{}-page", "/{}ers", "../{}"])
def test_other_paths_may_be_named(text: str) -> None:
    assert list(texts.machine_paths("README.md", text.format("work"))) == []


@pytest.mark.parametrize("text", ["--index-url x", "a @ b", "a==1 # https://x", "-i x", "--find-links=x", "-f x"])
def test_an_address_in_a_lock_file_is_found(text: str) -> None:
    assert list(texts.lock_addresses("requirements.txt", text))


def test_a_pinned_and_hashed_package_is_no_address() -> None:
    lock = "a==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"
    assert list(texts.lock_addresses("requirements.txt", lock)) == []
    assert texts.pins(lock) == {"a==1.0"}


def test_settings_are_found_where_they_are_read_and_where_they_are_shown() -> None:
    settings = Source(
        "handoff/config/settings.py", "env = environ.Env()\nX = env.str('A')\nY = env.db_url('B', f'{X}')"
    )
    assert texts.settings_read(settings) == texts.settings_named("# why: A=1\n# A=1\nB=\n") == {"A", "B"}


def test_a_star_stands_for_one_part_of_a_path() -> None:
    assert matches("sequences/admin_lists.py", ("*/admin*.py",))
    assert not matches("sequences/inbound/admin.py", ("*/admin*.py",))
