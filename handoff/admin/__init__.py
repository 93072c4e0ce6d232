"""The pages of the desk: one file per noun, registered by being imported here."""

from handoff.admin import staff

__all__ = ["staff"]
