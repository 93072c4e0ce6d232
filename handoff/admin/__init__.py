"""The pages of the desk: one file per noun, registered by being imported here."""

from handoff.admin import briefings, findings, handoffs, leads, owners, people, proposals, staff, tasks, words

__all__ = ["briefings", "findings", "handoffs", "leads", "owners", "people", "proposals", "staff", "tasks", "words"]
