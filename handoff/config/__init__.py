"""The wiring of the installation; nobody but the entry points imports this package."""

from handoff.config.celery import app as celery_app

__all__ = ["celery_app"]
