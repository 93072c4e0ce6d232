"""A lift, a new stop and a clearance at the same instant: the order numbers tell the truth (LAW §2.2, SUP-05)."""

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from compliance import addresses, lifting, suppression
from compliance.acts import Consent
from compliance.asking import Ask
from compliance.models import Decision, Lift, LiftRequest, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.suppression import Stop
from tests.cast import TUESDAY
from tests.compliance.asking import ADA, RULES, ask, clear, opted_in, stop
from tests.compliance.odd_rules import Meanwhile
from tests.concurrency.together import together
from tests.factories import UserFactory, playbook_loaded

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
WORKERS = 12
# A clearance that passed although a stop with a lower number held, for want of a lift with a lower number still.
UNTRUE = """
SELECT COUNT(*) FROM compliance_decision d JOIN compliance_suppression s ON s.person = d.person
WHERE d.outcome = 'permit' AND s.order_no < d.order_no AND NOT EXISTS (
    SELECT 1 FROM compliance_lift l WHERE l.stop_id = s.id AND l.order_no < d.order_no
)
"""


@pytest.fixture(autouse=True)
def _ledger_rules(settings: Settings) -> None:
    settings.CLEARANCE_RULES = RULES
    names = ("person", "account", "recipient_domain", "mailbox")
    playbook_loaded(caps={name: {"limit": 10**6, "hours": 24} for name in names})


def untrue() -> int:
    with connection.cursor() as cursor:
        cursor.execute(UNTRUE)
        return int(cursor.fetchone()[0])


def request(text: str) -> LiftRequest:
    row = stop(text)
    return lifting.ask(row, opted_in(text), "why", by=UserFactory(role="sales_ops"), at=TUESDAY)


def quietly(work: Callable[[], object]) -> Callable[[], None]:
    """A refusal is an answer."""

    def run() -> None:
        with suppress(Refused):
            work()

    return run


def confirm(row: LiftRequest, by: object) -> None:
    lifting.confirm(row, by=by, at=TUESDAY, consent=Consent())  # type: ignore[arg-type]


def click(text: str) -> None:
    suppression.stop_address(addresses.parse(text), Stop(SuppressionReason.ONE_CLICK), by=SYSTEM, at=TUESDAY)


def test_lifts_stops_and_clearances_at_the_same_instant_keep_their_order() -> None:
    texts = [f"p{number}@d{number % 5}.example.com" for number in range(40)]
    requests, maren = {text: request(text) for text in texts}, UserFactory(role="legal")
    works: list[Callable[[], object]] = []
    for number, text in enumerate(texts):
        works += [partial(clear, ask(text, f"{number}/{attempt}")) for attempt in (1, 2, 3)]
        works += [quietly(partial(confirm, requests[text], maren)), partial(click, text)]
    random.Random(7).shuffle(works)  # noqa: S311

    def run(mine: list[Callable[[], object]]) -> None:
        for work in mine:
            work()

    assert together([partial(run, works[first::WORKERS]) for first in range(WORKERS)]) == []
    assert Lift.objects.count() == 40
    assert {"permit", "refuse"} <= set(Decision.objects.values_list("outcome", flat=True))
    assert untrue() == 0


def test_of_many_who_confirm_at_once_one_lifts() -> None:
    row, people = request(ADA), [UserFactory(role="legal") for _number in range(8)]
    assert together([quietly(partial(confirm, row, by)) for by in people]) == []
    assert Lift.objects.count() == 1


def test_of_many_who_ask_at_once_one_asks() -> None:
    row, opt_in = stop(), opted_in()
    people = [UserFactory(role="legal") for _number in range(8)]
    asks = [quietly(partial(lifting.ask, row, opt_in, "why", by=by, at=TUESDAY)) for by in people]
    assert together(asks) == []
    assert LiftRequest.objects.count() == 1


def test_of_many_who_lift_alone_at_once_one_lifts() -> None:
    row, people = stop(reason=SuppressionReason.BY_HAND), [UserFactory(role="legal") for _number in range(8)]
    assert together([quietly(partial(lifting.lift_alone, row, "why", by=by, at=TUESDAY)) for by in people]) == []
    assert Lift.objects.count() == 1


def test_the_same_click_many_times_at_once_is_one_stop() -> None:
    ask(ADA)
    assert together([partial(click, ADA)] * WORKERS) == []
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("kind", ["lift", "lift of a domain", "company"])
def test_what_binds_the_next_clearance_waits_for_one_that_is_deciding(settings: Settings, kind: str) -> None:
    question: Ask = ask("ada@pumps.example.com", account="account:7")
    settings.CLEARANCE_RULES = [*RULES, "tests.compliance.odd_rules.Meanwhile"]
    by, by_hand = UserFactory(role="legal"), Stop(SuppressionReason.BY_HAND)
    if kind == "lift":
        row = stop("ada@pumps.example.com", SuppressionReason.BY_HAND)
    else:
        row = suppression.stop_domain("pumps.example.com", by_hand, by=SYSTEM, at=TUESDAY)
    works: dict[str, Callable[[], object]] = {
        "lift": partial(lifting.lift_alone, row, "why", by=by, at=TUESDAY),
        "lift of a domain": partial(lifting.lift_alone, row, "why", by=by, at=TUESDAY),
        "company": partial(suppression.stop_company, "account:7", [], by_hand, by=SYSTEM, at=TUESDAY),
    }
    Meanwhile.done, Meanwhile.work = [], works[kind]
    (ruling,) = clear(question)
    Meanwhile.thread.join()
    assert Meanwhile.done == ["decided", "stopped"]
    later = Suppression.objects.filter(account="account:7") if kind == "company" else Lift.objects.all()
    assert ruling.order_no < later.get().order_no
