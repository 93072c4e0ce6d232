"""A host whose journal will not come back holds all up only when it may know more, until a person says it is gone."""

from datetime import timedelta

import pytest

from compliance import clock, hosts, roster
from compliance.models import AuditEntry, Installation, JournalHost
from compliance.refusals import Refused
from tests.cast import TUESDAY
from tests.compliance.asking import stop
from tests.compliance.forgetting import back_to
from tests.factories import UserFactory, armed, playbook_loaded
from tests.several_hosts import arm, on, take_part

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]
LONG = timedelta(hours=1)


def host(name: str) -> JournalHost:
    with on(name):
        return JournalHost.objects.get(name=hosts.this_host())


@pytest.fixture(autouse=True)
def _two_hosts(ledger_rules: None) -> None:
    playbook_loaded()
    with on("a"):
        armed()
    arm("b")
    take_part("a", "b")


class TestAHostThatIsGone:
    @pytest.fixture
    def gone(self) -> JournalHost:
        JournalHost.objects.filter(pk=host("b").pk).update(seen_at=clock.lease_clock() - LONG)
        return host("b")

    def retire(self, row: JournalHost, reason: str = "The machine burnt down.") -> None:
        now = clock.lease_clock()
        roster.retire(row, by=UserFactory(role="legal"), at=TUESDAY, now=now, reason=reason)

    def test_holds_nobody_up_while_nothing_changes(self, gone: JournalHost) -> None:
        assert take_part("a") == [""]

    def test_holds_all_up_after_a_new_arming_until_a_person_says_that_it_is_gone(self, gone: JournalHost) -> None:
        arm("c")
        assert take_part("a", "c") == ["waits_for_hosts", "waits_for_hosts"]
        self.retire(gone)
        assert take_part("a", "c") == ["", ""]
        entry = AuditEntry.objects.get(verb="journalhost.retired")
        assert entry.reason == "The machine burnt down."

    def test_says_so_when_it_comes_back_and_is_armed_by_a_person(self, gone: JournalHost) -> None:
        self.retire(gone)
        assert take_part("b") == ["declared_gone"]
        arm("b")
        assert take_part("b", "a", "b") == ["waits_for_hosts", "", ""]

    def test_that_comes_back_with_what_nobody_knew_disarms(self, gone: JournalHost) -> None:
        with on("b"):
            stop()
        back_to(0)
        self.retire(gone)
        arm("c")
        take_part("a", "c")
        assert take_part("b") == ["behind_journal"]
        assert Installation.objects.get().state == Installation.State.DISARMED

    def test_is_not_declared_gone_while_it_lives(self) -> None:
        take_part("b")
        with pytest.raises(Refused) as refused:
            self.retire(host("b"))
        assert refused.value.codes == ("still_alive",)

    def test_nor_without_a_reason_or_a_role(self, gone: JournalHost) -> None:
        with pytest.raises(Refused) as refused:
            roster.retire(gone, by=UserFactory(role="cmo"), at=TUESDAY, now=clock.lease_clock(), reason=" ")
        assert refused.value.codes == ("not_permitted", "comment_missing")

    def test_nor_twice(self, gone: JournalHost) -> None:
        self.retire(gone)
        with pytest.raises(Refused) as refused:
            self.retire(host("b"))
        assert refused.value.codes == ("not_expected",)
