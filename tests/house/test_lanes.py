"""Lanes: which tests run where, what a missing service means, and that no test leaves this machine."""

import socket
from collections.abc import Sequence

import pytest

from tests.conftest import OutsideNetworkError
from tests.lanes import Found, Service, environment, look, plan, services, verdict

ABSENT = Service(
    "Sundial", "TEST_SUNDIAL_URL", "sun://127.0.0.1", "start it", lambda address: "refused", "tests of noon"
)
EVERYTHING = {service.variable: service.standard for service in services()}


def test_without_services_only_the_sqlite_lane_runs() -> None:
    assert [lane.name for lane in plan({}, cpus=2)] == ["SQLite"]


def test_with_every_service_three_lanes_run() -> None:
    assert [lane.name for lane in plan(EVERYTHING, cpus=2)] == ["SQLite", "PostgreSQL", "browser"]


def test_the_postgresql_lane_uses_the_database_found() -> None:
    assert plan(EVERYTHING, cpus=2)[1].settings == {"DATABASE_URL": EVERYTHING["TEST_DATABASE_URL"]}


@pytest.mark.parametrize("lane", [0, 1])
def test_a_lane_with_databases_is_shared_out_over_the_cores(lane: int) -> None:
    assert list(plan(EVERYTHING, cpus=3)[lane].options[:2]) == ["-n", "3"]


def test_a_missing_service_is_told_with_its_name_variable_and_remedy() -> None:
    assert str(look(ABSENT, {})) == "Sundial: refused (start it, or set TEST_SUNDIAL_URL)"


def test_a_named_service_is_asked_at_its_address() -> None:
    assert look(ABSENT, {"TEST_SUNDIAL_URL": "sun://10.0.0.1"}).address == "sun://10.0.0.1"


@pytest.mark.parametrize("service", services(), ids=lambda service: service.name)
def test_a_service_that_does_not_answer_is_missing(service: Service) -> None:
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        nowhere = f"{service.standard.partition(':')[0]}://127.0.0.1:{refusing.getsockname()[1]}/0"
        assert look(service, {service.variable: nowhere}).problem


def test_tests_see_nobodys_settings_and_no_service_that_did_not_answer() -> None:
    caller = {
        "DATABASE_URL": "postgres://live",
        "PUBLIC_URL": "https://live",
        "TEST_SUNDIAL_URL": "sun://x",
        "PATH": "/bin",
    }
    seen = environment(caller, {"TEST_REDIS_URL": "redis://x"}, [Found(ABSENT, "sun://x", "refused")])
    assert {"PATH", "TEST_REDIS_URL"} <= set(seen)
    assert "TEST_SUNDIAL_URL" not in seen
    assert "live" not in f"{seen['DATABASE_URL']} {seen['PUBLIC_URL']}"


@pytest.mark.parametrize(
    ("codes", "narrowed", "code"),
    [
        ([0, 0], False, 0),
        ([0, 5], False, 0),
        ([5, 0], False, 5),
        ([0, 1], False, 1),
        ([5, 0], True, 0),
        ([5, 5], True, 5),
        ([5, 2], True, 2),
    ],
)
def test_nothing_collected_is_a_failure_unless_it_was_asked_for(
    codes: Sequence[int], narrowed: bool, code: int
) -> None:
    assert verdict(codes, narrowed=narrowed) == code


@pytest.mark.parametrize("address", [("192.0.2.1", 25), ("mail.example.com", 25)])
def test_no_test_leaves_this_machine(address: tuple[str, int]) -> None:
    with socket.socket() as outgoing, pytest.raises(OutsideNetworkError):
        outgoing.connect(address)
