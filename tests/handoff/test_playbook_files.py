"""Files of playbooks: read whole or not at all, whatever is in them, and quickly."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.refusals import Refused
from handoff import installing, playbook_files
from handoff.playbook_files import LARGEST

EXAMPLE = installing.EXAMPLE.read_bytes()


def told(data: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        playbook_files.read(data)
    return "\n".join(str(one) for one in refusal.value.refusals)


def test_the_example_is_read_whole() -> None:
    file = playbook_files.open_file(installing.EXAMPLE)
    assert file.title == "Example playbook: agree before use"
    assert len(file.document["stages"]) == 11


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'owner = "cro"', b'onwer = "cro"', "stages.sql.owner: missing\nstages.sql.onwer: unknown key"),
        (b"[gates.G5]", b"[gates.G9]", "gates.G5: missing\ngates.G9: unknown key; known are G1, G2, G3, G4, G5"),
        (b'title = "Example playbook: agree before use"\n', b"", "title: says nothing"),
        (b"signal_days = 90", b"signal_days = 2026-09-01", "mql.signal_days: needs a whole number, not date"),
        (b"signal_days = 90", b"signal_days = nan", "mql.signal_days: needs a whole number, not a number"),
        (b"signal_days = 90", b"signal_days = 90\nsignal_days = 91", "Cannot overwrite a value (at line"),
        (b"Lena", b"L\xff", "not UTF-8, from octet"),
    ],
)
def test_a_fault_is_told_with_its_place(old: bytes, new: bytes, says: str) -> None:
    assert old in EXAMPLE
    assert says in told(EXAMPLE.replace(old, new))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * LARGEST,
        bytes(range(256)) * (LARGEST // 256),
        b"a=" + b"[" * (LARGEST - 2),
        b"a=" + b"{a=" * ((LARGEST - 2) // 3),
        b"a=" + b"9" * (LARGEST - 2),
        b"a" + b".a" * (LARGEST // 2 - 3) + b"=1",
        b"\n".join(b"a%d" % number + b".a" * 19 + b"=1" for number in range(20_000)),
        b"\n".join(b"a%d" % number + b'.","' * 399 + b"=1" for number in range(620)),
        b"".join(b"k%d=1\n" % number for number in range(100_000)),
        b"[[a]]\n" * (LARGEST // 6),
        b'a="""' + b"\\\n" * (LARGEST // 2 - 5),
        b"x" * (LARGEST + 1),
    ],
    ids=[
        "nothing",
        "zeros",
        "octets",
        "lists",
        "tables",
        "digits",
        "dots",
        "keys",
        "quoted",
        "names",
        "rows",
        "text",
        "too much",
    ],
)
def test_a_megabyte_of_nonsense_is_refused_soon_and_shortly(data: bytes) -> None:
    before = time.process_time()
    assert 0 < len(told(data)) < 30_000
    assert time.process_time() - before < 10


@given(st.binary(max_size=200))
def test_whatever_octets_come_are_refused_and_break_nothing(data: bytes) -> None:
    assert told(data)


@given(st.integers(0, len(EXAMPLE) - 1), st.binary(min_size=1, max_size=3))
def test_a_damaged_example_is_read_or_refused(at: int, octets: bytes) -> None:
    with suppress(Refused):
        assert playbook_files.read(EXAMPLE[:at] + octets + EXAMPLE[at + len(octets) :]).title


def test_a_file_is_not_read_beyond_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "large.toml"
    path.write_bytes(b"#" * (LARGEST * 2))
    with pytest.raises(Refused, match="larger than 1000000 octets"):
        playbook_files.open_file(path)


def test_a_list_of_many_domains_may_stand_in_one_line() -> None:
    domains = ", ".join(f'"r{number}.example.com"' for number in range(150))
    data = EXAMPLE.replace(b"never_domains = []", f"never_domains = [{domains}]".encode())
    assert len(playbook_files.read(data).document["recipients"]["never_domains"]) == 150
