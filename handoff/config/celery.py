"""The Celery application: the same rounds as the loop, made by beat and taken by workers."""

import logging.config
import os

from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_ready, worker_shutting_down
from django.conf import settings
from django.utils.module_loading import import_string

from compliance import stopping

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")

app = Celery("handoff")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _log_as_everywhere(**_: object) -> None:
    # Left to itself, Celery would put its own handlers in the place of ours: several lines a record, and addresses.
    logging.config.dictConfig(settings.LOGGING)


def _attend(**_: object) -> None:
    # Named, not imported: Django is not set up when this file is read.
    import_string("compliance.attending.start")()


def _settle(**_: object) -> None:
    import_string("handoff.memory.settle")()


setup_logging.connect(_log_as_everywhere)
worker_ready.connect(_attend)
worker_process_init.connect(_settle)
worker_shutting_down.connect(stopping.ask)
