"""`make bench`: a figure a line, in a database of its own that is gone afterwards, and no other touched."""

import json
import subprocess
import sys

import psycopg
import pytest
from django.db import connection

from bench import harness
from bench.harness import Figure, percentile
from bench.inside import BENCHES

TINY = {
    "suppression_check": 1000,
    "clearance_batch": 10,
    "opt_out_commit": 5,
    "render_touch": 20,
    "unsubscribe_post": 20,
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> str:
    """The server that the tests run on, and nothing that a contributor has named."""
    told = connection.settings_dict
    url = f"postgres://{told['USER']}:{told['PASSWORD']}@{told['HOST']}:{told['PORT'] or 5432}/postgres"
    monkeypatch.setenv("BENCH_DATABASE_URL", url)
    return url


def databases(server: str) -> set[str]:
    with psycopg.connect(server) as line:
        return {name for (name,) in line.execute("SELECT datname FROM pg_database WHERE datname LIKE 'handoff_bench%'")}


@pytest.mark.postgres
@pytest.mark.parametrize("name", BENCHES)
def test_each_bench_tells_its_figure(server: str, name: str) -> None:
    (line,) = harness.run([name], n=TINY.get(name, 50))
    figure = json.loads(line)
    assert figure["name"] == name
    assert figure["n"] > 0 < figure["rate"]
    assert {"seconds", "peer", "ratio"} <= set(figure)


@pytest.mark.postgres
def test_its_database_is_gone_afterwards_even_when_it_fails(server: str) -> None:
    seen: list[set[str]] = []

    def fail() -> None:
        with harness.scratch("broken"):
            seen.append(databases(server))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert any("broken" in name for name in seen[0])
    assert not [name for name in databases(server) if "broken" in name]


def test_on_sqlite_it_measures_in_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATABASE_URL", "sqlite")
    (line,) = harness.run(["sealing"], n=20)
    assert json.loads(line)["n"] == 20


def test_a_bench_that_is_not_there_is_told_with_those_that_are() -> None:
    done = subprocess.run([sys.executable, "-m", "bench", "speed"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no bench speed; there are sealing" in done.stderr


def test_a_figure_beside_a_peer_says_how_many_times_as_fast() -> None:
    told = json.loads(Figure("x", 100, 2.0, peer=25.0, more={"p99_ms": 3.0}).line())
    assert (told["rate"], told["ratio"], told["p99_ms"]) == (50.0, 2.0, 3.0)


def test_a_percentile_is_what_that_share_does_not_exceed() -> None:
    taken = [float(number) for number in range(1, 101)]
    assert (percentile(taken, 0.5), percentile(taken, 0.99), percentile(taken, 1)) == (51.0, 100.0, 100.0)
