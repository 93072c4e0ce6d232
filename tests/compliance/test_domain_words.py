"""Everything that can be found about a domain has words, and everything that is wrong has a remedy."""

import re
from pathlib import Path

import pytest

from compliance import domain_words, domains
from compliance.findings import Weight
from tests.house.sources import ROOT

_CODE = re.compile(r'"((?:spf|dkim|dmarc|mx|dns|domain|name)_[a-z_]+)"')
SOURCES = ("spf.py", "domain_records.py", "domains.py")


def found() -> set[str]:
    folder = Path(ROOT) / "compliance"
    return {code for name in SOURCES for code in _CODE.findall((folder / name).read_text(encoding="utf-8"))}


def test_every_code_has_words() -> None:
    assert found() - {"domain_records"} == set(domain_words.codes())


@pytest.mark.parametrize("code", sorted(domain_words.codes()))
def test_what_is_not_good_has_a_remedy(code: str) -> None:
    assert bool(domain_words.codes()[code].remedy) or code.endswith("_good")


def test_what_a_later_version_found_is_shown_by_its_code() -> None:
    kept = {"code": "bimi_missing", "weight": Weight.NOTE, "name": "example.com", "found": ""}
    assert domain_words.say(kept)["what"] == "bimi_missing"
    assert domains.against([kept]) == []
