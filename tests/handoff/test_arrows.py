"""Every arrow, every role, every stage, every missing criterion, against the table of spec L (L1, L3, L5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from compliance.acts import Consent, offers
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refused
from compliance.transitions import NotPermitted, arrows
from handoff import booking, criteria, ladder, lead_acts
from handoff.ladder import Said
from handoff.models import Briefing, Lead, Stage, StageMove
from handoff.roles import ROLES
from sequences.models import Contact
from tests.cast import TUESDAY
from tests.factories import AccountFactory, UserFactory
from tests.handoff.climbing import SAID, at_stage, fit, heard, judged, lead_of, mql, offered

DAY = timedelta(days=1)
LATER = TUESDAY + 10 * DAY
WORKED = "sal sql briefing_ready assessment_qualified"
OPEN = f"prospect mql {WORKED} assessment_proposed"


@dataclass(frozen=True)
class Way:
    """One row of the table: from which stages, to which, and who (`system` is the installation itself)."""

    sources: str
    target: str
    who: str


TABLE = {
    "qualify": Way("prospect", "mql", "sales_ops system"),
    # A reply that wants more is offered to the CRO, who accepts as a rep does.
    "accept": Way("mql", "sal", "rep cro"),
    "confirm": Way("mql sal", "sql", "cro"),
    "book": Way("sql", "briefing_ready", "cro rep"),
    "qualify_assessment": Way("briefing_ready", "assessment_qualified", "cro"),
    "propose": Way("assessment_qualified", "assessment_proposed", "cro"),
    "win": Way("assessment_proposed", "won", "cro"),
    "lose": Way("sql briefing_ready assessment_qualified assessment_proposed", "lost", "cro"),
    "reject": Way(WORKED, "mql", "rep cro"),
    "recycle": Way(WORKED, "mql", "rep cro"),
    "disqualify": Way(OPEN, "disqualified", "sales_ops rep cro"),
    "archive": Way("prospect mql lost disqualified", "archived", "sales_ops system"),
    "revive": Way("archived", "prospect", "sales_ops system"),
    "reopen": Way("lost disqualified", "mql", "cro sales_ops"),
    "reopen_as_prospect": Way("lost disqualified", "prospect", "cro sales_ops"),
}
ONLY_FROM = {("reject", "rep"): "sal", ("recycle", "rep"): "sal"}
WORDS = {
    **SAID,
    "book": {"starts_at": "2026-12-01T10:00+00:00"},
}
REASONS = {"lose": "price", "reject": "timing", "recycle": "timing", "disqualify": "bad_data", "archive": "ended"}


def somebody(role: str) -> Any:
    return SYSTEM if role == "system" else UserFactory(role=role)


def said(arrow: str) -> Said:
    return Said(REASONS.get(arrow, ""), "As I see it.", WORDS.get(arrow, {}))


def ready(arrow: str, stage: str, by: Principal) -> Lead:
    """A lead at that stage of which nothing is missing for the arrow."""
    rep = by if isinstance(by, User) and by.has_perm("handoff.accept_lead") else None
    lead = at_stage(Stage(stage), owner=rep)
    if arrow == "qualify":
        return fit(lead)
    if arrow == "accept" and isinstance(by, User):
        offered(lead, by)
    if arrow == "qualify_assessment":
        row = Briefing.objects.get(lead=lead)
        booking.hold(row, by=UserFactory(role="cro"), at=row.starts_at + DAY, consent=Consent())
    if arrow in ("revive", "reopen", "reopen_as_prospect"):
        heard(lead, at=LATER)
    if arrow == "reopen_as_prospect":
        judged(lead, ["G1"], holds=False, at=LATER)
    return lead


def taken(lead: Lead, arrow: str, by: Principal) -> Lead:
    return ladder.take(lead, arrow, by=by, at=LATER, said=said(arrow))


def stage_of(lead: Lead) -> str:
    return str(Lead.objects.get(pk=lead.pk).stage)


def allowed() -> Iterator[tuple[str, str, str]]:
    for arrow, way in TABLE.items():
        for role in way.who.split():
            for stage in ONLY_FROM.get((arrow, role), way.sources).split():
                yield arrow, stage, role


def test_the_arrows_are_those_of_the_table() -> None:
    found = {name: (arrow.sources, arrow.target) for name, arrow in arrows(Lead).items()}
    assert found == {name: (frozenset(way.sources.split()), way.target) for name, way in TABLE.items()}


def test_each_is_offered_and_nothing_else() -> None:
    assert [act.arrow for act in lead_acts.ACTS] == list(TABLE)


@pytest.mark.django_db
class TestWhoMay:
    @pytest.mark.parametrize("role", [*ROLES, "system", ""])
    def test_a_role_takes_the_arrows_of_the_table_and_no_other(self, role: str) -> None:
        by = somebody(role)
        may = {name for name, arrow in arrows(Lead).items() if arrow.open_to(by)}
        assert may == {name for name, way in TABLE.items() if role in way.who.split()}

    @pytest.mark.parametrize("role", ROLES)
    def test_whoever_has_left_takes_none(self, role: str) -> None:
        by = UserFactory(role=role, is_active=False)
        assert not any(arrow.open_to(by) for arrow in arrows(Lead).values())

    @pytest.mark.parametrize(("arrow", "stage", "role"), list(allowed()))
    def test_with_nothing_missing_it_is_taken(self, arrow: str, stage: str, role: str) -> None:
        by = somebody(role)
        lead = taken(ready(arrow, stage, by), arrow, by)
        move = StageMove.objects.filter(lead=lead).latest("pk")
        assert (move.arrow, move.was, move.became, lead.stage) == (
            arrow,
            stage,
            TABLE[arrow].target,
            TABLE[arrow].target,
        )

    @pytest.mark.parametrize("arrow", TABLE)
    def test_nobody_else_moves_anything(self, arrow: str) -> None:
        way = TABLE[arrow]
        stage = way.sources.split()[0]
        lead = ready(arrow, stage, UserFactory(role="rep"))
        for role in {*ROLES, "system", ""} - set(way.who.split()):
            with pytest.raises((NotPermitted, Refused)):
                taken(lead, arrow, somebody(role))
        assert stage_of(lead) == stage

    @pytest.mark.parametrize("arrow", ["reject", "recycle"])
    @pytest.mark.parametrize("stage", WORKED.split()[1:])
    def test_a_rep_sends_back_from_no_further_up(self, arrow: str, stage: str) -> None:
        assert refused(at_stage(Stage(stage)), arrow, by=UserFactory(role="rep")) == ["only_the_cro"]

    @pytest.mark.parametrize("arrow", ["reject", "recycle"])
    def test_a_rep_sends_nobody_elses_lead_back(self, arrow: str) -> None:
        assert refused(at_stage(Stage.SAL), arrow, by=UserFactory(role="rep")) == ["not_yours"]


@pytest.mark.django_db
class TestFromWhere:
    @pytest.mark.parametrize("stage", Stage)
    def test_a_stage_is_left_by_its_arrows_alone(self, stage: Stage) -> None:
        boss = UserFactory(is_superuser=True)
        found = offers(at_stage(stage), lead_acts.ACTS, boss, LATER)
        open_here = {one.act.arrow for one in found if "wrong_state" not in {why.code for why in one.refusals}}
        assert open_here == {name for name, way in TABLE.items() if stage in way.sources.split()}

    @pytest.mark.parametrize("stage", Stage)
    def test_any_other_is_refused_also_to_whoever_may_do_all(self, stage: Stage) -> None:
        boss = UserFactory(is_superuser=True)
        lead = at_stage(stage)
        for arrow in (name for name, way in TABLE.items() if stage not in way.sources.split()):
            with pytest.raises(Refused):
                taken(lead, arrow, boss)
        assert stage_of(lead) == stage


def refused(lead: Lead, arrow: str, *, by: Any = None, what: Said | None = None, at: Any = LATER) -> list[str]:
    """The codes with which it is refused, the same before the click as after it."""
    who = by or UserFactory(role=TABLE[arrow].who.split()[0])
    before = [*ladder.not_theirs(lead, arrow, who), *ladder.missing(lead, arrow, at=at)]
    with pytest.raises(Refused) as after:
        ladder.take(lead, arrow, by=who, at=at, said=what or said(arrow))
    assert what is not None or tuple(refusal.code for refusal in before) == after.value.codes
    assert all(str(refusal.text).strip() for refusal in after.value.refusals)
    return list(after.value.codes)


GUARDED = {"qualify": "prospect", "confirm": "mql", "reopen": "lost"}


@pytest.mark.django_db
class TestTheGuard:
    """MQL's guard stands before three arrows, and each says all of it."""

    @pytest.mark.parametrize("arrow", GUARDED)
    @pytest.mark.parametrize("gate", criteria.GATES)
    def test_each_gate_that_fails(self, arrow: str, gate: str) -> None:
        lead = ready(arrow, GUARDED[arrow], SYSTEM)
        judged(lead, [gate], holds=False, at=LATER)
        assert refused(lead, arrow) == ["gate_failed"]

    @pytest.mark.parametrize("arrow", GUARDED)
    def test_every_gate_of_which_nothing_is_known(self, arrow: str) -> None:
        lead = ready(arrow, GUARDED[arrow], SYSTEM)
        Contact.objects.filter(pk=lead.contact_id).update(account=AccountFactory())
        found = refused(Lead.objects.get(pk=lead.pk), arrow)
        assert found[:5] == ["gate_unknown"] * 5

    @pytest.mark.parametrize("arrow", GUARDED)
    def test_everything_that_has_ended(self, arrow: str) -> None:
        lead = ready(arrow, GUARDED[arrow], SYSTEM)
        found = refused(lead, arrow, at=LATER + 400 * DAY)
        more = ["indicators_missing"] if arrow == "confirm" else []
        assert found == ["gate_lapsed"] * 5 + ["signal_lapsed", *more]

    def test_that_no_signal_is_known(self) -> None:
        lead = lead_of()
        judged(lead, criteria.GATES)
        assert refused(lead, "qualify") == ["no_signal"]

    @pytest.mark.parametrize("count", range(3))
    def test_that_there_are_too_few_indicators(self, count: int) -> None:
        assert refused(mql(indicators=count), "confirm") == ["indicators_missing"]

    @pytest.mark.parametrize("stage", ["lost", "disqualified"])
    def test_that_nothing_is_new(self, stage: str) -> None:
        assert refused(at_stage(Stage(stage)), "reopen") == ["no_new_evidence"]


@pytest.mark.django_db
class TestTheOthers:
    def test_an_offer_is_needed_to_accept(self) -> None:
        assert refused(mql(), "accept") == ["not_offered"]

    def test_it_is_accepted_by_whoever_it_was_made_to(self) -> None:
        lead = mql()
        offered(lead, UserFactory(role="rep"))
        assert refused(lead, "accept", by=UserFactory(role="rep")) == ["offered_to_another"]

    def test_no_machine_accepts(self) -> None:
        assert refused(mql(), "accept", by=SYSTEM) == ["nobody_accepts"]

    def test_an_assessment_needs_a_briefing_that_was_held(self) -> None:
        assert refused(at_stage(Stage.BRIEFING_READY), "qualify_assessment") == ["briefing_not_held"]

    def test_nobody_comes_back_from_the_archive_by_themselves(self) -> None:
        assert refused(at_stage(Stage.ARCHIVED), "revive") == ["no_new_signal"]

    def test_whoever_could_be_an_mql_is_not_reopened_as_less(self) -> None:
        assert refused(ready("reopen", "lost", SYSTEM), "reopen_as_prospect") == ["is_an_mql"]

    @pytest.mark.parametrize("arrow", REASONS)
    @pytest.mark.parametrize(("reason", "code"), [("", "reason_missing"), ("other", "unknown_reason")])
    def test_a_reason_of_its_list_is_needed(self, arrow: str, reason: str, code: str) -> None:
        lead = at_stage(Stage(TABLE[arrow].sources.split()[0]))
        by = UserFactory(roles=["cro", "sales_ops"])
        assert refused(lead, arrow, by=by, what=Said(reason)) == [code]

    @pytest.mark.parametrize(("arrow", "count"), [("book", 1), ("qualify_assessment", 3), ("propose", 1), ("win", 1)])
    def test_what_has_to_be_said_is_asked_field_by_field(self, arrow: str, count: int) -> None:
        lead = ready(arrow, TABLE[arrow].sources, UserFactory(role="cro"))
        assert refused(lead, arrow, what=Said()) == ["said_nothing"] * count
