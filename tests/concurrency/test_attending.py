"""A worker of another host follows by itself, from a process of its own, also while it is given no rounds."""

import pytest

from compliance import attending, following, hosts
from compliance.models import JournalHost
from tests.factories import armed, playbook_loaded
from tests.processes import eventually, started
from tests.several_hosts import arm, look, on, take_part

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _two_hosts() -> None:
    playbook_loaded()
    with on("a"):
        armed()
    arm("b")
    take_part("a", "b")


def test_the_loop_of_another_host_follows_into_a_new_epoch_by_itself() -> None:
    arm("c")
    take_part("a")
    assert look("c") == "waits_for_hosts"
    with on("b"), started("manage.py", "loop"):
        eventually(lambda: look("c") == "")


def test_its_web_server_does_so_too() -> None:
    arm("c")
    take_part("a")
    with on("b"), started("-m", "gunicorn", "handoff.config.wsgi", "--bind", "127.0.0.1:0"):
        eventually(lambda: look("c") == "")


@pytest.mark.broker
def test_and_a_worker_that_no_round_is_given_to(broker_url: str) -> None:
    arm("c")
    take_part("a")
    celery = ("-m", "celery", "-A", "handoff.config", "worker", "--concurrency", "1", "--queues", "nobody-asks-here")
    with on("b"), started(*celery, CELERY_BROKER_URL=broker_url):
        eventually(lambda: look("c") == "", seconds=40)


def test_what_breaks_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(at: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(following, "take_part", broken)
        assert not attending.attend()
    JournalHost.objects.update(seen_at=None)
    with on("a"):
        assert attending.attend()
        assert JournalHost.objects.get(name=hosts.this_host()).seen_at
