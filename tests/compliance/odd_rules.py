"""Rules as an organisation might write them: late, wrong, silent, or at odds with the database."""

import threading
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.db import InterfaceError, connection

from compliance.asking import Ask
from compliance.clearance import Rule, Verdict, defer, permit, refuse


class Raises(Rule):
    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        raise ZeroDivisionError(ask.address.text)


class CannotLoad(Rule):
    def load(self, asks: Sequence[Ask], at: datetime) -> None:
        raise LookupError

    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        return permit()


class SaysNothing(Rule):
    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        return None  # type: ignore[return-value]


class SaysSomethingElse(Rule):
    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        return Verdict(outcome="perhaps")  # type: ignore[arg-type]


class BreaksTheTransaction(Rule):
    def load(self, asks: Sequence[Ask], at: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        return permit()


class HasLostTheDatabase(Rule):
    def load(self, asks: Sequence[Ask], at: datetime) -> None:
        raise InterfaceError("connection already closed")

    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        return permit()


class CannotSpend(Rule):
    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        return permit()

    def spend(self, ask: Ask, facts: Any, at: datetime) -> None:
        raise ArithmeticError


class Waits(Rule):
    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        return defer("wait_longer", at + timedelta(hours=9), day=date(2026, 11, 17), seen=at)


class WaitsLess(Rule):
    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        return defer("wait", at + timedelta(hours=1))


class Refuses(Rule):
    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        return refuse("no", ends=False)


class Meanwhile(Rule):
    """While the door decides, somebody else does something, on a connection of their own."""

    work: ClassVar[Callable[[], object]]
    done: ClassVar[list[str]]
    thread: ClassVar[threading.Thread]

    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        Meanwhile.thread = threading.Thread(target=self._run)
        Meanwhile.thread.start()
        Meanwhile.thread.join(0.2)
        Meanwhile.done.append("decided")
        return permit()

    def _run(self) -> None:
        Meanwhile.work()
        Meanwhile.done.append("stopped")
        connection.close()
