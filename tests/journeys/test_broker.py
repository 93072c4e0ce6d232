"""From a file to the opt-out with real workers and a real broker; then without it: the broker is a hint (spec X4)."""

import contextlib
import email
import io
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from celery import Celery
from django.core.management import call_command
from django.db.models import F
from kombu import Connection, Queue

from compliance import clock
from compliance.acts import Act, perform
from handoff import metrics
from handoff.demo.catcher import Catcher, Caught
from handoff.serving import free_port
from sequences import lists
from sequences.models import Enrollment, ExitReason, RecipientList
from tests.factories import MailboxFactory, UserFactory, approved_sequence, armed, having_read, playbook_loaded
from tests.processes import ROOT, environment, eventually, noon_zone, started
from tests.rungs import classified
from tests.sequences.campaign import EVERY_DAY, PLENTY, State, broken_promises

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ACTS = {act.arrow: act for act in lists.ACTS}
THREE_DAYS = timedelta(days=3)
BODY = b"List-Unsubscribe=One-Click"
HEADER = "email,first name,last name,company,domain,industry,time zone,source,legal basis\n"


class Stage:
    """One installation: its mail server, its people, its workers."""

    def __init__(self, catcher: Catcher, folder: Path, broker: str) -> None:
        self.catcher, self.folder = catcher, folder
        self.queue = f"handoff-test-{uuid4().hex}"
        self.port = free_port(0)
        self.settings = {
            "CELERY_BROKER_URL": broker,
            "CELERY_QUEUE": self.queue,
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
        }
        armed()
        caps = {**PLENTY, "person": {"limit": 10, "hours": 1, "because": "Time is short."}}
        playbook_loaded(caps=caps, sequences={"windows": [EVERY_DAY]})
        MailboxFactory(port=catcher.port)

    def campaign(self, people: int, *, steps: int) -> None:
        """A file is loaded, submitted and signed as if three days ago, so that everything is due by now."""
        at = clock.now() - THREE_DAYS
        version, loader = approved_sequence(at, steps=steps), UserFactory(role="sales_ops")
        name = f"List {uuid4().hex}"
        file = self.folder / f"{uuid4().hex}.csv"
        file.write_text(HEADER + "".join(line(number) for number in range(people)), encoding="utf-8")
        told = {"list": name, "sequence": version.sequence.slug, "by": loader.username, "at": at.isoformat()}
        call_command("import_recipients", str(file), json=True, stdout=io.StringIO(), **told)
        row = RecipientList.objects.get(name=name)
        classified([one.contact for one in row.rows.select_related("contact")])
        for act, role in ((ACTS["submit"], "sales_ops"), (ACTS["sign"], "cro")):
            row = self._taken(row, act, role, at)

    def _taken(self, row: RecipientList, act: Act, role: str, at: datetime) -> RecipientList:
        by = UserFactory(role=role)
        perform(row, act, by=by, at=at, consent=having_read(row, by, at, "As it should be."))
        return RecipientList.objects.get(pk=row.pk)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """A Celery worker with two processes, and one beat."""
        celery = ("-m", "celery", "-A", "handoff.config")
        schedule = str(self.folder / "beat")
        # RabbitMQ keeps a worker's control queue for the one that has its name.
        worker = (*celery, "worker", "--hostname", f"{self.queue}@%h", "--concurrency", "2", "--loglevel", "WARNING")
        with (
            started(*worker, **self.settings),
            started(*celery, "beat", "--schedule", schedule, "--loglevel", "WARNING", **self.settings),
        ):
            yield

    def web(self) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
        """The page that links in mails lead to."""
        bind = f"127.0.0.1:{self.port}"
        return started("-m", "gunicorn", "handoff.config.wsgi", "--bind", bind, **self.settings)

    def has(self, mails: int) -> None:
        """Wait for so many; they are all there are a moment later."""
        eventually(lambda: len(self.catcher.caught) >= mails, seconds=60)
        assert len(self.catcher.caught) == mails

    def hint(self, times: int) -> None:
        """The same hints again and again, as a broker may deliver them."""
        app = Celery(broker=self.settings["CELERY_BROKER_URL"])
        app.conf.task_default_queue = self.queue
        if not self.settings["CELERY_BROKER_URL"].startswith("redis"):
            app.conf.task_default_queue_type = "quorum"
        for name in ("plan", "send") * times:
            app.send_task("handoff.tasks.run_round", [name])
        app.close()

    def tick(self) -> None:
        """Every round once, without any broker."""
        with started("manage.py", "tick", "--json", **{**self.settings, "CELERY_BROKER_URL": ""}) as process:
            assert process.wait(timeout=60) == 0


def line(number: int) -> str:
    """A row of the file: somebody for whom it is about noon."""
    key = uuid4().hex[:12]
    ours = f"Pumps {key}", f"{key}.example.com"
    return f"ada.{key}@{ours[1]},Ada,Byron {number},{ours[0]},{ours[1]},Pumps,{noon_zone()},trade fair,consent\n"


def header(caught: Caught, shape: str) -> str:
    """The https or the mailto part of List-Unsubscribe."""
    found = re.search(shape, str(email.message_from_bytes(caught.content)["List-Unsubscribe"]))
    assert found is not None
    return found[1]


def clicks(caught: Caught) -> int:
    """What a mail programme does behind its own button (RFC 8058); the status of the answer."""
    request = urllib.request.Request(header(caught, r"<(http[^>]+)>"), data=BODY, method="POST")  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return int(answer.status)


def writes(caught: Caught, stage: Stage) -> str:
    """A mail to the unsubscribe address, as the mail server pipes it in; the verdict."""
    address = header(caught, r"<mailto:([^>]+)>")
    command = ["manage.py", "ingest_mail", "--recipient", address, "--json"]
    done = run(command, b"From: somebody.else@example.com\r\n\r\n\r\n", stage)
    return str(json.loads(done)["verdict"])


def run(command: Sequence[str], given: bytes, stage: Stage) -> bytes:
    """What a command printed, given this on standard input."""
    ours = environment(**stage.settings)
    done = subprocess.run([sys.executable, *command], input=given, capture_output=True, cwd=ROOT, env=ours, check=True)
    return done.stdout


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    """A server that takes everything."""
    with Catcher() as running:
        yield running


@pytest.mark.broker
def test_the_whole_story_with_rabbitmq_and_the_end_of_it_without(
    catcher: Catcher, tmp_path: Path, broker_url: str
) -> None:
    stage = Stage(catcher, tmp_path, broker_url)
    stage.campaign(20, steps=2)
    stage.hint(times=10)
    with stage.web(), stage.at_work():
        stage.has(20)
        by_click, by_mail = catcher.caught[0], catcher.caught[7]
        assert eventually(lambda: answered(by_click)) == 200
        assert writes(by_mail, stage) == "opt_out"
        eventually(lambda: metrics.enrollment_ends().get(ExitReason.OPTED_OUT) == 2)
        due_now()
        stage.has(38)
        eventually(lambda: metrics.enrollment_ends().get(ExitReason.FINISHED) == 18)
    assert [len(catcher.to(mail.recipient)) for mail in (by_click, by_mail)] == [1, 1]
    assert metrics.opt_outs() == {"one_click": 1, "mailto": 1}
    stage.campaign(5, steps=1)
    with Connection(broker_url) as connection:
        Queue(stage.queue, channel=connection.default_channel).delete()
    stage.tick()
    stage.has(43)
    assert metrics.message_states() == {State.ACCEPTED: 43}
    assert catcher.duplicates() == 0
    assert broken_promises() == {}


def test_redis_may_forget_everything(catcher: Catcher, tmp_path: Path, redis_url: str) -> None:
    stage = Stage(catcher, tmp_path, redis_url)
    stage.campaign(5, steps=1)
    stage.hint(times=10)
    with redis.Redis.from_url(redis_url) as client:
        assert client.delete(stage.queue) == 1
        with stage.at_work():
            stage.has(5)
            stage.hint(times=10)
            stage.campaign(5, steps=1)
            stage.has(10)
        client.delete(stage.queue, f"_kombu.binding.{stage.queue}")
    stage.campaign(5, steps=1)
    stage.tick()
    stage.has(15)
    assert metrics.message_states() == {State.ACCEPTED: 15}
    assert catcher.duplicates() == 0
    assert broken_promises() == {}


def answered(caught: Caught) -> int:
    """0 while the web server is still starting."""
    with contextlib.suppress(OSError):
        return clicks(caught)
    return 0


def due_now() -> None:
    """Two weeks go by."""
    Enrollment.objects.filter(state=Enrollment.State.ACTIVE).update(due_at=F("entered_at"))
