"""Incidents: opened once for a cause, stopping what they happened in; closed with review, cause and remedy only."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from compliance import halts, incidents
from compliance.acts import Consent, perform
from compliance.models import AuditEntry, Halt, Incident
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.transitions import NotPermitted
from tests.cast import TUESDAY
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

Kind, Severity, State = Incident.Kind, Incident.Severity, Incident.State


def opened(cause: str = "test:1", **more: Any) -> Incident:
    """An incident of SEV2."""
    told = {"facts": {"ref": "1/1"}, "by": SYSTEM, "at": TUESDAY, **more}
    return incidents.open_once(cause, Kind.OTHER, Severity.SEV2, "Something happened", **told)


def act(arrow: str) -> Any:
    return next(one for one in incidents.ACTS if one.arrow == arrow)


def reviewed() -> Incident:
    said = Consent(more={"review": "Nobody has to be told."})
    return incidents.record_review(opened(), by=UserFactory(role="legal"), at=TUESDAY, consent=said)


class TestOpening:
    def test_it_is_open_and_lies_with_legal(self) -> None:
        row = opened()
        assert (row.state, row.severity, row.assigned_to) == (State.OPEN, Severity.SEV2, "legal")

    def test_the_same_cause_opens_one_incident(self) -> None:
        assert opened().pk == opened().pk
        assert Incident.objects.count() == 1
        assert AuditEntry.objects.filter(verb="incident.opened").count() == 1

    def test_another_cause_opens_another(self) -> None:
        assert opened("test:1").pk != opened("test:2").pk

    def test_what_it_happened_in_stands_still(self) -> None:
        row = opened(halt_scopes=["list:1", "mailbox:2"])
        assert set(halts.standing()) == {"list:1", "mailbox:2"}
        assert set(Halt.objects.values_list("incident", "kind")) == {(row.pk, Halt.Kind.INCIDENT)}

    def test_a_known_cause_stops_nothing_again(self) -> None:
        opened()
        opened(halt_scopes=["list:1"])
        assert not Halt.objects.exists()

    def test_the_log_says_what_was_opened_and_stopped(self) -> None:
        opened(halt_scopes=["list:1"])
        entry = AuditEntry.objects.get(verb="incident.opened")
        assert entry.data == {"kind": "other", "severity": 2, "halts": ["list:1"]}

    def test_the_gravest_and_oldest_open_one_comes_first(self) -> None:
        mild = incidents.open_once("a", Kind.OTHER, Severity.SEV3, "a", {}, by=SYSTEM, at=TUESDAY)
        grave = incidents.open_once("b", Kind.OTHER, Severity.SEV1, "b", {}, by=SYSTEM, at=TUESDAY)
        assert incidents.still_open() == [grave, mild]


class TestByHand:
    def test_a_member_of_staff_opens_one(self) -> None:
        row = incidents.open_by_hand(Kind.BRAND, Severity.SEV2, " Harm ", by=UserFactory(role="cmo"), at=TUESDAY)
        assert (row.kind, row.title) == (Kind.BRAND, "Harm")

    def test_two_with_the_same_words_are_two(self) -> None:
        by = UserFactory(role="cmo")
        first, second = (incidents.open_by_hand(Kind.OTHER, Severity.SEV3, "x", by=by, at=TUESDAY) for _two in "12")
        assert first.pk != second.pk

    def test_not_without_words(self) -> None:
        with pytest.raises(Refused):
            incidents.open_by_hand(Kind.OTHER, Severity.SEV3, "  ", by=UserFactory(role="cmo"), at=TUESDAY)

    def test_not_without_the_permission(self) -> None:
        with pytest.raises(NotPermitted):
            incidents.open_by_hand(Kind.OTHER, Severity.SEV3, "x", by=UserFactory(role="content"), at=TUESDAY)


class TestClosing:
    def test_legal_records_the_review(self) -> None:
        row = reviewed()
        assert (row.state, row.review) == (State.REVIEWED, "Nobody has to be told.")

    def test_nobody_else_does(self) -> None:
        row, said = opened(), Consent(more={"review": "fine"})
        with pytest.raises(NotPermitted):
            incidents.record_review(row, by=UserFactory(role="cro"), at=TUESDAY, consent=said)

    def test_with_cause_and_remedy_it_closes(self) -> None:
        said = Consent(more={"cause": "A race.", "remedy": "A lock."})
        row = incidents.close(reviewed(), by=UserFactory(role="cro"), at=TUESDAY, consent=said)
        assert (row.state, row.cause, row.remedy) == (State.CLOSED, "A race.", "A lock.")

    @pytest.mark.parametrize("more", [{}, {"cause": "A race."}, {"remedy": "A lock."}, {"cause": " ", "remedy": "A"}])
    def test_not_without_both(self, more: dict[str, str]) -> None:
        row, by = reviewed(), UserFactory(role="cro")
        for take in (incidents.close, lambda row, **how: perform(row, act("close"), **how)):
            with pytest.raises(Refused) as refused:
                take(row, by=by, at=TUESDAY, consent=Consent(more=more))
            assert set(refused.value.codes) == {"field_missing"}
        assert Incident.objects.get().state == State.REVIEWED

    def test_not_before_the_review(self) -> None:
        said = Consent(more={"cause": "A race.", "remedy": "A lock."})
        with pytest.raises(Refused):
            incidents.close(opened(), by=UserFactory(role="cro"), at=TUESDAY, consent=said)

    @pytest.mark.parametrize("missing", ["review", "reviewed_by", "cause", "remedy"])
    def test_the_database_refuses_what_the_verb_would(self, missing: str) -> None:
        row = opened()
        columns = {"review": "r", "reviewed_by": "user:1", "cause": "c", "remedy": "r"} | {missing: ""}
        given = ", ".join(f"{name} = %s" for name in columns)
        closing = f"UPDATE compliance_incident SET state = 'closed', {given} WHERE id = %s"  # noqa: S608
        with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(closing, [*columns.values(), row.pk])

    def test_what_it_stopped_stays_stopped(self) -> None:
        opened(halt_scopes=["list:1"])
        said = Consent(more={"cause": "A race.", "remedy": "A lock."})
        incidents.close(reviewed(), by=UserFactory(role="cro"), at=TUESDAY, consent=said)
        assert "list:1" in halts.standing()
