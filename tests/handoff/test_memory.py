"""What a process that stays has loaded by its start is not looked through again."""

import subprocess
import sys


def test_what_is_loaded_is_left_alone() -> None:
    code = (
        "import gc, sys; from handoff import memory; words = [[n] for n in range(1000)]; memory.settle(); "
        "sys.exit(gc.get_freeze_count() < 1000)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_web_server_does_so() -> None:
    code = "import gc, sys, handoff.config.wsgi; sys.exit(gc.get_freeze_count() < 50_000)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
