"""Of many alike the first few are written down and then each doubling, whatever names they come under."""

from datetime import timedelta

from compliance.sparing import Sparing
from tests.cast import TUESDAY

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def told(names: list[str], sparing: Sparing | None = None) -> list[tuple[str, int]]:
    kept = sparing or Sparing()
    found = [kept.note(name, TUESDAY + number % 60 * SECOND) for number, name in enumerate(names)]
    return [(one.name, one.count) for one in found if one]


def test_a_few_are_all_written_down() -> None:
    assert told(["ada"] * 5) == [("ada", number) for number in range(1, 6)]


def test_of_many_each_doubling_is() -> None:
    assert [count for _name, count in told(["ada"] * 1000)] == [1, 2, 3, 4, 5, 10, 20, 40, 80, 160, 320, 640]


def test_each_name_is_counted_by_itself() -> None:
    assert told(["ada", "bo", "ada"]) == [("ada", 1), ("bo", 1), ("ada", 2)]


def test_a_new_name_with_each_try_does_not_help() -> None:
    found = told([f"name {number}" for number in range(100_000)])
    assert len(found) == 60 + 17
    assert found[-1] == ("", 65_536)


def test_a_name_that_was_known_before_the_flood_is_still_told_apart() -> None:
    flood = [f"name {number}" for number in range(5_000)]
    assert ("ada", 2) in told(["ada", *flood, "ada"])


def test_a_new_minute_begins_anew() -> None:
    sparing = Sparing()
    told(["ada"] * 100, sparing)
    later = sparing.note("ada", TUESDAY + MINUTE)
    assert later
    assert (later.name, later.count) == ("ada", 1)
