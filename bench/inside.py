"""Runs one bench inside its own process and empty database: `python -m bench.inside NAME [N]`."""

import importlib
import sys

import django
from django.core.management import call_command

BENCHES = (
    "sealing",
    "audit_verify",
    "suppression_check",
    "clearance_batch",
    "opt_out_commit",
    "render_touch",
    "unsubscribe_post",
)


def main(name: str, n: int | None) -> None:
    """Print the figures of one bench."""
    django.setup()
    call_command("migrate", verbosity=0)
    bench = importlib.import_module(f"bench.{name}")
    for figure in bench.measure(n or bench.N):
        print(figure.line(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
