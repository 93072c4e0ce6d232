"""Decides what tests of the ledger may ask for: the door with the ledger's own rules alone."""

import pytest
from pytest_django.fixtures import Settings

from tests.compliance.asking import RULES


@pytest.fixture
def ledger_rules(settings: Settings) -> None:
    """Rules of upper floors would need rows of upper floors."""
    settings.CLEARANCE_RULES = RULES
