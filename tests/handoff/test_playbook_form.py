"""What a playbook has to say: each missing, unknown or unreadable thing is named by its place."""

from typing import Any

import pytest

from handoff.criteria import GATES
from handoff.models import Stage
from handoff.playbook_form import SECTIONS, whole_document
from tests.handoff.playbooks import changed, document


def told(said: Any) -> list[str]:
    return [str(fault) for fault in whole_document(said, "")]


def test_the_example_is_complete() -> None:
    assert told(document()) == []


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_asked_for(section: str) -> None:
    assert told(changed(section)) == [f"{section}: missing"]


@pytest.mark.parametrize("gate", GATES)
def test_all_five_gates_are_asked_for(gate: str) -> None:
    assert told(changed(f"gates.{gate}")) == [f"gates.{gate}: missing"]


@pytest.mark.parametrize("stage", Stage.values)
@pytest.mark.parametrize("key", ["sentence", "entry", "exit", "exit_otherwise", "owner", "doer", "due", "escalates_to"])
def test_a_stage_without_any_of_its_parts_is_refused(stage: str, key: str) -> None:
    assert told(changed(f"stages.{stage}.{key}")) == [f"stages.{stage}.{key}: missing"]


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("gates.G9", {}, "gates.G9: unknown key; known are G1, G2, G3, G4, G5"),
        ("gates.G1.checked_by", "sales", "gates.G1.checked_by: “sales” is none of content, cmo, cro, sales_ops"),
        ("stages.sql.owner", "integration", "stages.sql.owner: “integration” is none of"),
        ("stages.sql.owner", ["cro", "cmo"], "stages.sql.owner: needs a text, not a list"),
        ("stages.sql.due", "soon", "stages.sql.due: neither a duration"),
        ("stages.sql.shown_by.exit", ["we feel it"], "stages.sql.shown_by.exit[1]: shows nothing"),
        ("stages.sql.shown_by.exit", [], "stages.sql.shown_by.exit: needs 1 to 20 entries"),
        ("stages.demo", {}, "stages.demo: unknown key; known are prospect, mql"),
        ("signals.E1.intent", "burning", "signals.E1.intent: “burning” is none of high, medium, low"),
        ("indicators.S1.subject", "city", "indicators.S1.subject: “city” is none of account, contact"),
        ("tiers.1.high", "AA", "tiers.1.high: “AA” is none of A, B, C"),
        ("mql.signal_days", "90", "mql.signal_days: needs a whole number, not a text"),
        ("mql.classify_within", "tomorrow", "mql.classify_within: not a duration"),
        ("sql.indicators", 2, "sql.indicators: must be 3 to 5"),
        ("clocks.accept_A.warned_at", [], "clocks.accept_A.warned_at: needs 1 to 5 entries"),
        ("clocks.accept_A.warned_at", [100], "clocks.accept_A.warned_at[1]: must be 1 to 99"),
        ("rejections.timing", "shrug", "rejections.timing: “shrug” is none of recycle"),
        ("routing.rules", [], "routing.rules: needs 1 to 200 entries"),
        ("payload.required", ["shoe size"], "payload.required[1]: “shoe size” is none of source"),
        ("content.price_patterns", ["("], "content.price_patterns[1]: missing ), unterminated subpattern"),
        ("content.price_patterns", ["a" * 301], "content.price_patterns[1]: a pattern has at most 300 characters"),
        ("desks.rows", [{}], "desks.rows[1].person: missing"),
        ("people.boss", "Ada", "people.boss: unknown key"),
        ("sequences.windows", [{"days": ["funday"], "opens": "08:00", "closes": "09:00"}], "sequences.windows: row 1"),
        ("sequences.windows", "always", "sequences.windows: needs a list, not a text"),
        ("commitments.rows", [{"who": "nobody"}], "commitments.rows[1].what: missing"),
        ("surprise", 1, "surprise: unknown key; known are sender"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(place: str, value: Any, says: str) -> None:
    assert says in told(changed(place, value))[0]


def test_a_desk_in_no_zone_or_country_is_refused() -> None:
    desk = {**document()["desks"]["rows"][0], "zone": "Mars/North", "country": "usa"}
    assert [one.partition(":")[0] for one in told(changed("desks.rows", [desk]))] == [
        "desks.rows[1].zone",
        "desks.rows[1].country",
    ]


@pytest.mark.parametrize("said", [[], "text", None, 3])
def test_what_is_no_document_at_all_is_refused(said: Any) -> None:
    assert len(told(said)) == 1
