"""The documentation draws the ladder as it is: `make draw` writes it anew."""

import pytest

from tests.house.drawings import PAGE, drawn


def test_the_page_shows_what_the_code_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == drawn(page)


def test_only_what_stands_between_the_markers_is_written() -> None:
    page = "before\n<!-- ladder: diagram -->\nold\n<!-- end -->\nafter\n"
    assert drawn(page, {"diagram": lambda: "new"}) == "before\n<!-- ladder: diagram -->\nnew\n<!-- end -->\nafter\n"


def test_a_marker_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError):
        drawn("<!-- ladder: moon -->\n<!-- end -->", {})
