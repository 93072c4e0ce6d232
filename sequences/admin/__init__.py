"""The pages of writing, planning, sending and listening: one file per noun, registered by being imported here."""

from sequences.admin import (
    enrollments,
    inbox,
    lists,
    mailboxes,
    outbox,
    people,
    sequences,
    standstill,
    templates,
    words,
)

__all__ = [
    "enrollments",
    "inbox",
    "lists",
    "mailboxes",
    "outbox",
    "people",
    "sequences",
    "standstill",
    "templates",
    "words",
]
