"""People who have one message sent again at the same instant, and somebody who leaves meanwhile (LAW PIP-08, G2)."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from compliance.acts import Consent
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from sequences import enrollment, resending
from sequences.models import Enrollment, ExitReason, Resend
from tests.cast import TUESDAY
from tests.concurrency.together import together, waited_for
from tests.factories import UserFactory
from tests.processes import eventually
from tests.sequences.campaign import State, broken_promises, message, passage, play, under_way
from tests.sequences.scripted_smtp import CLOSE, ScriptedServer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

LATER = TUESDAY + timedelta(hours=1)


def again(by: User) -> None:
    resending.resend(message(), by=by, at=LATER, consent=Consent("It never arrived."))


def test_many_who_decide_at_once_cause_one_second_copy() -> None:
    staff = UserFactory.create_batch(8, role="sales_ops")
    with ScriptedServer({"dot": [CLOSE]}) as server:
        under_way(server.port)
        play()
        faults = together([lambda by=by: again(by) for by in staff])  # type: ignore[misc]
        assert play(LATER) == {"accepted": 1}
        assert play(LATER) == {}
    assert {type(fault) for fault in faults} == {Refused}
    assert (len(faults), Resend.objects.count(), server.verbs.count("dot")) == (7, 1, 2)
    assert broken_promises() == {}


def test_whoever_leaves_at_that_moment_gets_nothing() -> None:
    by, held, found = UserFactory(role="sales_ops"), threading.Event(), list[str]()
    with ScriptedServer({"dot": [CLOSE]}) as server:
        under_way(server.port)
        play()

        def leave() -> None:
            with transaction.atomic():
                row = Enrollment.objects.select_for_update(no_key=True).get()
                held.set()
                eventually(waited_for)
                enrollment.leave([row], ExitReason.OPTED_OUT, by=SYSTEM, at=TUESDAY)

        def decide() -> None:
            held.wait(10)
            try:
                again(by)
            except Refused as refused:
                found.extend(refused.codes)

        assert together([leave, decide]) == []
        assert play(LATER) == {}
    assert (found, message().state) == (["passage_ended"], State.IN_DOUBT)
    assert passage().exit_reason == ExitReason.OPTED_OUT
    assert server.verbs.count("dot") == 1
