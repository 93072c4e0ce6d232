#!/usr/bin/env python
"""Runs one of Handoff's commands."""

import os
import sys

from django.core.management import execute_from_command_line

from handoff.config.first_start import prepare

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")
    prepare(sys.argv)
    execute_from_command_line(sys.argv)
