"""Yes and no from the environment: what is neither stops the start."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from handoff.config.environment import Environment, servers


@pytest.mark.parametrize(
    ("text", "said"), [("true", True), ("YES", True), ("1", True), ("false", False), (" off ", False), ("0", False)]
)
def test_a_flag_is_read(monkeypatch: pytest.MonkeyPatch, text: str, said: bool) -> None:
    monkeypatch.setenv("HANDOFF_FLAG", text)
    assert Environment().bool("HANDOFF_FLAG", not said) is said


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_one_is_as_if_it_were_left_out(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("HANDOFF_FLAG", text)
    assert Environment().bool("HANDOFF_FLAG", True) is True


@pytest.mark.parametrize("text", ["ture", "true unless DEBUG", "2"])
def test_what_is_neither_stops_the_start_and_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("HANDOFF_FLAG", text)
    with pytest.raises(ImproperlyConfigured, match="HANDOFF_FLAG must be true or false"):
        Environment().bool("HANDOFF_FLAG", False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("192.0.2.1", [("192.0.2.1", 53)]),
        ("192.0.2.1:5353, [2001:db8::1]:54", [("192.0.2.1", 5353), ("2001:db8::1", 54)]),
        ("[2001:db8::1]", [("2001:db8::1", 53)]),
    ],
)
def test_nameservers_are_read(text: str, found: list[tuple[str, int]]) -> None:
    assert servers(text) == found


@pytest.mark.parametrize("text", ["ns1.example.com", "192.0.2.1:many", "192.0.2.1:99999", "192.0.2.1;192.0.2.2"])
def test_nameservers_without_an_address_stop_the_start(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="HANDOFF_DNS"):
        servers(text)
