"""Shows on which day somebody is back, however the note puts it (LAW AUT-05)."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from sequences.classifier.absences import day_back

FRIDAY = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "back"),
    [
        ("I am away until 27 November and back on 30 November.", date(2026, 11, 30)),
        ("Out from 23 November to 4 December 2026.", date(2026, 12, 4)),
        ("I will be back on Monday.", date(2026, 11, 23)),
        ("I am back tomorrow.", date(2026, 11, 21)),
        ("Back on 2026-12-07.", date(2026, 12, 7)),
        ("Our office is closed until January 4th.", date(2027, 1, 4)),
        ("Ich bin bis einschließlich 27.11.2026 nicht im Büro.", date(2026, 11, 27)),
        ("Ab Montag, 7. Dezember bin ich wieder erreichbar.", date(2026, 12, 7)),
        ("Je suis absent jusqu'au 4 décembre, de retour le lundi 7 décembre.", date(2026, 12, 7)),
        ("Estaré fuera hasta el lunes 30 de noviembre.", date(2026, 11, 30)),
        ("Sarò fuori dal 23 al 27 novembre, rientro lunedì 30 novembre.", date(2026, 11, 30)),
        ("Ik ben afwezig tot en met 4 december. Vanaf 7 december ben ik er weer.", date(2026, 12, 7)),
    ],
)
def test_the_day_back_is_found(said: str, back: date) -> None:
    assert day_back(said, "", FRIDAY) == back


@pytest.mark.parametrize(
    "said",
    [
        "I will be back on Monday, August 17.",
        "I was away until 4 October 2026.",
        "I am back on 31.02.2027.",
        "This mailbox will be closed on 31 December 2026.",
        "I am away. Call 555-12-04 or room 12.4 if it is urgent.",
        "Frist ist der 27.11.2026.",
    ],
)
def test_what_has_passed_or_means_something_else_is_no_day_back(said: str) -> None:
    assert day_back(said, "", FRIDAY) is None


@pytest.mark.parametrize(("hours", "back"), [(-5, date(2010, 5, 7)), (1, date(2010, 5, 7)), (0, date(2010, 5, 7))])
def test_a_day_that_may_be_two_is_the_nearer_one(hours: int, back: date) -> None:
    written = datetime(2010, 4, 20, tzinfo=timezone(timedelta(hours=hours)))
    assert day_back("I am back on 05/07/2010.", "", written) == back


def test_outside_english_the_day_comes_first() -> None:
    assert day_back("Je serai de retour le 05/07/2010.", "", datetime(2010, 4, 20, tzinfo=UTC)) == date(2010, 7, 5)


def test_the_subject_may_say_it() -> None:
    assert day_back("I will answer later.", "Away until May 5", datetime(2005, 4, 29, tzinfo=UTC)) == date(2005, 5, 5)
