"""Decides what one rendered touch costs: microseconds per person, and milliseconds for compiling a wording, as JSON.

Run as `python -m bench.render_touch` from the project's folder. It measures; it does not judge.
"""

import json
import statistics
import time
from collections.abc import Callable

from sequences.render import compile_wording

SUBJECT = "{{ account.name }}: one question about maintenance"
PREVIEW = "Two pages for {{ account.name }}"
BODY = """Hi {{ contact.first_name }},

when **{{ account.name }}** opened its second plant, orders doubled within a year. Teams in
{{ account.industry | default: "your field" }} tell us that the first thing to give way is the plan for maintenance:
the sheet that one person keeps, and that nobody else can read on a Sunday night. You have probably seen one of these:

- two people repair the same pump, because the note was on paper;
- a spare part is ordered twice, or never;
- the auditor asks for last March, and the answer is a folder.

We wrote down how three plants of your size got out of it, in four pages and without a sales pitch:
[how three plants plan maintenance](https://example.org/guide).

Would it be wrong to send you the two pages about your kind of machine?

Kind regards\\
{{ sender.name }}

---

{{ postal_address }}. You receive this once because of your role; if you would rather not,
[unsubscribe here]({{ unsubscribe_url }}).
"""
VALUES = {
    "account.industry": "Chemicals",
    "account.name": "Søren & Sons",
    "contact.first_name": "Ada",
    "postal_address": "1 Harbour Way, 20457 Hamburg",
    "sender.name": "Grace Hopper",
    "unsubscribe_url": "https://mail.example.org/u/abcdefghijklmnopqrstuvwxyz?x=1",
}
ROUNDS, PER_ROUND, COMPILED = 20, 500, 50


def seconds(work: Callable[[int], object], times: int) -> float:
    """How long each of so many calls takes on average."""
    began = time.perf_counter()
    for turn in range(times):
        work(turn)
    return (time.perf_counter() - began) / times


def main() -> None:
    """Print the figures."""
    skeleton = compile_wording(subject=SUBJECT, preview=PREVIEW, body=BODY)
    rounds = [seconds(lambda _: skeleton.render(VALUES), PER_ROUND) * 1e6 for _ in range(ROUNDS)]
    # Another subject each time: compiled wordings are remembered by their source.
    compiled = seconds(lambda turn: compile_wording(subject=f"{SUBJECT} {turn}", preview=PREVIEW, body=BODY), COMPILED)
    figures = {
        "words": len(skeleton.render(VALUES).text.split()),
        "variables": len(skeleton.variables | skeleton.optional),
        "render_us_median": round(statistics.median(rounds), 1),
        "render_us_best": round(min(rounds), 1),
        "compile_ms": round(compiled * 1e3, 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
