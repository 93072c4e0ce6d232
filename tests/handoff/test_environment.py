"""Yes and no from the environment: what is neither stops the start."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from handoff.config.environment import Environment


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
