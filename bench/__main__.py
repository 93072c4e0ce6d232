"""Runs the benches named, or all: `make bench`, `make bench ARGS="sealing --n 1000"`. One JSON line a figure."""

import argparse

from bench import harness
from bench.inside import BENCHES


def main() -> None:
    """Print each figure as soon as it is known."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHES))
    parser.add_argument("--n", type=int, default=None, help="how many things to measure (each bench has its own)")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in BENCHES]:
        parser.error(f"there is no bench {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    for line in harness.run(asked.names or BENCHES, n=asked.n):
        print(line, flush=True)


if __name__ == "__main__":
    main()
