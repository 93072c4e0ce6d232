"""What one rendered touch costs: microseconds per person, and milliseconds for compiling a wording."""

import statistics

from bench.harness import Figure, seconds
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
N = 10_000
_ROUNDS, _COMPILED = 20, 50


def measure(n: int) -> list[Figure]:
    """Renders in rounds; another subject for each compilation, because compiled wordings are remembered."""
    skeleton = compile_wording(subject=SUBJECT, preview=PREVIEW, body=BODY)
    each = max(1, n // _ROUNDS)
    rounds = [seconds(lambda: [skeleton.render(VALUES) for _turn in range(each)]) for _round in range(_ROUNDS)]
    compiled = [
        seconds(lambda: compile_wording(subject=f"{SUBJECT} {turn}", preview=PREVIEW, body=BODY))  # noqa: B023
        for turn in range(_COMPILED)
    ]
    more = {
        "words": len(skeleton.render(VALUES).text.split()),
        "variables": len(skeleton.variables | skeleton.optional),
        "render_us_median": round(statistics.median(rounds) / each * 1e6, 1),
        "render_us_best": round(min(rounds) / each * 1e6, 1),
        "compile_ms": round(statistics.mean(compiled) * 1e3, 2),
    }
    return [Figure("render_touch", each * _ROUNDS, sum(rounds), more=more)]
