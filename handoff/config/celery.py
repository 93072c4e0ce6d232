"""The Celery application: the same rounds as the loop, made by beat and taken by workers."""

import os

from celery import Celery
from celery.signals import worker_ready
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")

app = Celery("handoff")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _attend(**_: object) -> None:
    # Named, not imported: Django is not set up when this file is read.
    import_string("compliance.attending.start")()


worker_ready.connect(_attend)
