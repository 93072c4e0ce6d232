"""No stage of a lead changes anywhere but in handoff.ladder (spec L1), with the rule of states for all rows."""

import textwrap

import pytest

from tests.house import ladder, places
from tests.house.places import Rule
from tests.house.sources import FLOORS, Source, python_files, read

MOVE = "from compliance.transitions import move\n"


@pytest.mark.parametrize("rule", [*ladder.RULES, places.state], ids=lambda rule: rule.__name__)
def test_the_ladder_alone_moves_leads(rule: Rule) -> None:
    found = [str(breach) for path in python_files(*FLOORS) for breach in rule(read(path))]
    assert found == []


PLANTED = [
    (ladder.begins, "handoff/intake.py", "Lead(contact=contact, stage='sql')"),
    (ladder.begins, "handoff/intake.py", "models.Lead(contact=contact)"),
    (ladder.begins, "handoff/intake.py", "Lead.objects.create(contact=contact)"),
    (ladder.begins, "handoff/intake.py", "Lead.objects.using('other').get_or_create(contact=contact)"),
    (ladder.begins, "handoff/classifying.py", "def classify_round(at):\n    Lead(contact=contact)"),
    (ladder.moves, "handoff/intake.py", MOVE + "def f(row: Lead):\n    move(row, 'win')"),
    (ladder.moves, "handoff/intake.py", MOVE + "def f(rows: Sequence[Lead]):\n    move(rows, 'win')"),
    (ladder.moves, "handoff/intake.py", MOVE + "def f(row):\n    move(row, 'win')"),
    (ladder.moves, "handoff/intake.py", MOVE + "def f(row: Handoff):\n    move(row.lead, 'win')"),
    (
        ladder.moves,
        "handoff/intake.py",
        MOVE + "def f():\n    for row in Lead.objects.all():\n        move(row, 'win')",
    ),
    (ladder.moves, "handoff/intake.py", MOVE + "def f():\n    rows = list(Lead.objects.all())\n    move(rows, 'win')"),
    (
        ladder.moves,
        "handoff/intake.py",
        "from compliance import transitions\ndef f(row: Lead):\n    transitions.move(row, 'win')",
    ),
    (places.state, "handoff/intake.py", "Lead.objects.filter(pk=1).update(stage='sql')"),
    (places.state, "handoff/intake.py", "lead.stage = 'sql'"),
]
ALLOWED = [
    (
        ladder.begins,
        "handoff/classifying.py",
        "def enter(row, at):\n    Lead.objects.get_or_create(contact=row)",
    ),
    (ladder.begins, "handoff/classifying.py", "def entering_round(at):\n    Lead(contact=contact)"),
    (ladder.begins, "handoff/intake.py", "Lead.objects.filter(pk=1)"),
    (ladder.moves, "handoff/ladder.py", MOVE + "def take(lead: Lead):\n    move(lead, 'win')"),
    (ladder.moves, "handoff/intake.py", MOVE + "def f(row: Task):\n    move(row, 'finish')"),
    (
        ladder.moves,
        "handoff/intake.py",
        MOVE + "def f():\n    for t in Task.objects.all()[:9]:\n        move(t, 'drop')",
    ),
    (ladder.moves, "sequences/intake.py", MOVE + "def f(row):\n    move(row, 'leave')"),
]


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_a_planted_breach_is_found(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, textwrap.dedent(text))))


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED)
def test_what_is_allowed_passes(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, textwrap.dedent(text)))) == []
