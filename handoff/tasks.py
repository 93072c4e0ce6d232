"""The rounds as a Celery task: a hint that a round is due, nothing more."""

from celery import shared_task

from compliance import clock
from handoff import rounds


@shared_task(name="handoff.tasks.run_round")
def run_round(name: str) -> None:
    """Run one round of the timetable now."""
    rounds.run(name, clock.now())
