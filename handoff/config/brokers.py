"""What Celery is told about the broker at an address: how a task is lost by neither, whatever dies."""

from typing import Any

_REDIS = {"visibility_timeout": 1800, "unacked_restore_interval": 15, "unacked_restore_throttle": 1}


def settings(url: str) -> dict[str, Any]:
    """Redis gives back soon what a dead worker held; RabbitMQ keeps quorum queues and confirms what it took."""
    if url.startswith("redis"):
        return {"CELERY_BROKER_TRANSPORT_OPTIONS": dict(_REDIS)}
    if url.startswith(("amqp", "pyamqp")):
        confirmed = {"confirm_publish": True}
        return {"CELERY_BROKER_TRANSPORT_OPTIONS": confirmed, "CELERY_TASK_DEFAULT_QUEUE_TYPE": "quorum"}
    return {"CELERY_BROKER_TRANSPORT_OPTIONS": {}}
