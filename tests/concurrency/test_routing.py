"""What follows from an answer while everybody is at work: drawn once, and before anything else goes to them."""

from datetime import timedelta
from functools import partial

import pytest

from compliance.acts import Consent
from compliance.models import AuditEntry, Decision, Hold, Outcome, Suppression
from compliance.refusals import Refused
from handoff.demo.catcher import Catcher
from sequences import pauses, planner, router, sender
from sequences.models import Contact, Enrollment, InboundMessage
from tests.cast import TUESDAY
from tests.concurrency.test_sending import at_rcpt
from tests.concurrency.together import together
from tests.factories import UserFactory, playbook_loaded
from tests.sequences.answers import Verdict, answered, sent
from tests.sequences.campaign import PLENTY, broken_promises, play

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

KINDS = (
    (Verdict.POSITIVE, "interest"),
    (Verdict.NEUTRAL, "ack"),
    (Verdict.NEGATIVE, "not_interested"),
    (Verdict.OPT_OUT, "unsubscribe"),
    (Verdict.AUTO_REPLY, "ooo"),
)
PEOPLE = 40
FRIDAY = TUESDAY + timedelta(days=3)


def all_answer() -> None:
    """Everybody was written to and has answered, in every way there is."""
    playbook_loaded(caps=PLENTY)
    sent(people=PEOPLE)
    for number, contact in enumerate(Contact.objects.order_by("pk")):
        answered(*KINDS[number % len(KINDS)], of=contact)


def moved(arrow: str = "route") -> int:
    return AuditEntry.objects.filter(verb=f"sequences.inboundmessage.{arrow}").count()


def test_many_workers_deal_with_each_mail_once() -> None:
    all_answer()
    counts: list[int] = []
    workers = [partial(lambda: counts.append(router.route_round(TUESDAY)["routed"])) for _worker in range(4)]
    assert together(workers) == []
    assert (sum(counts), moved()) == (PEOPLE, PEOPLE)
    assert Suppression.objects.count() == PEOPLE // len(KINDS)
    assert not Hold.objects.filter(ended_at__isnull=True).exists()
    assert broken_promises() == {}


def test_dealing_with_answers_beside_sending_and_pausing() -> None:
    all_answer()
    Enrollment.objects.update(due_at=TUESDAY)
    works = [
        *[partial(router.route_round, TUESDAY)] * 2,
        *[partial(pauses.pause_round, TUESDAY)] * 2,
        partial(planner.plan_round, TUESDAY),
        partial(sender.send_round, TUESDAY),
    ]
    assert together(works) == []
    assert moved() == PEOPLE
    assert broken_promises() == {}


def test_a_person_and_the_machine_at_once_are_one_decision() -> None:
    sent(people=PEOPLE)
    person = UserFactory(role="rep")
    for contact in Contact.objects.order_by("pk"):
        row = answered(Verdict.NEUTRAL, "ack", of=contact)
        said = Consent(more={"what": "opt_out"})
        by_hand = partial(router.say, row, by=person, at=TUESDAY, consent=said)
        faults = together([by_hand, partial(router.route_round, TUESDAY)])
        assert [fault for fault in faults if not isinstance(fault, Refused)] == []
        decided = InboundMessage.objects.get(pk=row.pk)
        stopped = Suppression.objects.filter(source=f"sequences.inboundmessage:{row.pk}").exists()
        assert stopped == (decided.verdict == Verdict.OPT_OUT) == (decided.decided_by == f"user:{person.pk}")
    assert moved() == PEOPLE


def test_two_corrections_at_once_are_one() -> None:
    sent()
    row = answered(Verdict.NEUTRAL, "ack")
    router.route_round(TUESDAY)
    seen = InboundMessage.objects.get(pk=row.pk)
    said = Consent("I have read it.", more={"what": "negative"})
    people = [UserFactory(role="rep") for _person in range(4)]
    faults = together([partial(router.correct, seen, by=by, at=TUESDAY, consent=said) for by in people])
    assert [type(fault) for fault in faults] == [Refused] * 3
    assert moved("correct") == 1


def interested() -> None:
    """An answer comes in, and is understood, while a message to them is on its way."""
    answered(Verdict.POSITIVE, "interest")
    router.route_round(TUESDAY)


def test_an_answer_between_recipient_and_text_wins() -> None:
    sent()
    Enrollment.objects.update(due_at=FRIDAY)
    with Catcher(refuse=at_rcpt(interested)) as catcher:
        type(Enrollment.objects.get().mailbox).objects.update(port=catcher.port)
        play(FRIDAY)
    assert catcher.caught == []
    assert Decision.objects.filter(outcome=Outcome.PERMIT).count() == 1
    assert Enrollment.objects.get().exit_reason == "replied_positive"
