"""Pages of the ladder, looked at an hour after what their leads went through."""

from datetime import timedelta

import pytest

from tests.cast import TUESDAY
from tests.factories import playbook_loaded

NOW = TUESDAY + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _tuesday_at_the_desk(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr("compliance.clock.now", lambda: NOW)
    playbook_loaded()
