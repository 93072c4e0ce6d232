"""Whoever writes to the log of a process, each record is one line of JSON without addresses and tokens (FT-83)."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.house.sources import ROOT
from tests.processes import environment

pytestmark = pytest.mark.django_db

_HOSTILE = 'subject\n{"level":"x"} \x1b[31mred ada@pumps.example.com /u/abcdefghijklmnopqrst'
_SAY = f"import logging; logging.getLogger(NAME).error('%s', {_HOSTILE!r})"
_CELERY = "from handoff.config import celery; celery.app.log.setup(loglevel='INFO')"
_DJANGO = "import django; django.setup()"
_GUNICORN = "from gunicorn import config, glogging; glogging.Logger(config.Config())"


def written(*lines: str, name: str) -> list[dict[str, Any]]:
    """What a process that does this writes to its standard error, line by line."""
    code = "\n".join([*lines, _SAY.replace("NAME", repr(name))])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize(
    ("setting_up", "name"),
    [
        ([_DJANGO], "sequences.sender"),
        ([_CELERY], "celery.worker"),
        ([_CELERY], "sequences.sender"),
        ([_GUNICORN, _DJANGO], "gunicorn.error"),
    ],
)
def test_a_hostile_text_is_one_clean_record(setting_up: list[str], name: str) -> None:
    (found,) = written(*setting_up, name=name)
    assert (found["level"], found["logger"]) == ("ERROR", name)
    assert found["message"] == 'subject\n{"level":"x"} \x1b[31mred …@pumps.example.com /u/…'


@pytest.mark.parametrize(("line", "rule"), [("print('x')", "T201"), ("logging.info(f'{x}')", "G004")])
def test_the_linter_bans_what_would_go_around_the_formatter(line: str, rule: str) -> None:
    code = f'"""Planted."""\n\nimport logging\n\nx = 1\n{line}\n'
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "sequences/x.py", "-"]
    done = subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True, check=False)
    assert rule in done.stdout
