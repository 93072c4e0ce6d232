"""What must never be, as queries: each finds what breaks one promise, on SQLite and PostgreSQL alike (LAW §1).

Order numbers decide what was earlier, never times. A query that finds nothing proves its promise for all that is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Invariant:
    """One promise. `sql` selects a column `key`, one row for each breach: an opaque reference, never an address.

    `postgresql` says the same where that database can say it in a way that an index answers. `pauses` says that nothing
    goes out while it is broken, though its guarantee is none of the gravest.
    """

    name: str
    guarantee: str
    says: Any
    everywhere: str
    postgresql: str = ""
    pauses: bool = False

    @property
    def sql(self) -> str:
        """The query of the database at hand."""
        return self.postgresql if self.postgresql and connection.vendor == "postgresql" else self.everywhere

    def count(self) -> int:
        """How often it is broken."""
        (count,) = _first(f"SELECT COUNT(*) FROM ({self.sql}) AS broken")  # noqa: S608 - declared in code
        return int(count)

    def run(self, limit: int = 20) -> list[str]:
        """The first of what breaks it, in order."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT key FROM ({self.sql}) AS broken ORDER BY key LIMIT {limit:d}")  # noqa: S608
            return [str(key) for (key,) in cursor.fetchall()]


def declared() -> Sequence[Invariant]:
    """Every promise of every floor, in the order of the setting INVARIANTS."""
    return [import_string(path) for path in settings.INVARIANTS]


def _first(sql: str) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found: Sequence[Any] = cursor.fetchone()
    return found


# Touches are found by person and company; each permission has one (see EVERY_PERMISSION_COUNTS).
_LATE = """
SELECT {columns} FROM compliance_suppression s
JOIN compliance_suppressiondigest x ON x.suppression_id = s.id
JOIN compliance_addressdigest a ON a.digest = x.digest
JOIN compliance_decision d ON d.card = a.card_id AND d.order_no > s.order_no
WHERE {late}
UNION
SELECT {columns} FROM compliance_suppression s
JOIN compliance_touch t ON t.person = s.person AND t.order_no > s.order_no
JOIN compliance_decision d ON d.order_no = t.order_no
WHERE {late}
UNION
SELECT {columns} FROM compliance_suppression s
JOIN compliance_touch t ON t.account = s.account AND t.order_no > s.order_no
JOIN compliance_decision d ON d.order_no = t.order_no
WHERE s.account <> '' AND {late}
"""
_NOT_LIFTED = """d.outcome = 'permit'
    AND NOT EXISTS (SELECT 1 FROM compliance_lift l WHERE l.stop_id = s.id AND l.order_no < d.order_no)"""


class Late(NamedTuple):
    """A permission under `permitted` although a stop stood under `stopped`; both are order numbers."""

    ref: str
    permitted: int
    stopped: int


def sent_after_stop(refs: Sequence[str]) -> list[Late]:
    """The permissions for these messages that came after a stop that holds for their recipient."""
    if not refs:
        return []
    wanted = ", ".join(["%s"] * len(refs))
    sql = _LATE.format(columns="d.ref, d.order_no, s.order_no", late=f"{_NOT_LIFTED} AND d.ref IN ({wanted})")
    with connection.cursor() as cursor:
        cursor.execute(sql, [*refs] * 3)
        return sorted(Late(*row) for row in cursor.fetchall())


SENDS_AFTER_STOP = Invariant(
    "sends_after_stop",
    "G1",
    _("Nothing passed the door after a stop of that person, address, domain or company, unless it was lifted first."),
    _LATE.format(columns="d.ref AS key", late=_NOT_LIFTED),
)
# A permission is found by the touch it left, which an index knows by its person.
PERMITTED_WHILE_HELD = Invariant(
    "permitted_while_held",
    "G1",
    _("Nothing passed the door to a person while they were held until somebody had decided."),
    """
SELECT d.ref AS key FROM compliance_hold h
JOIN compliance_touch t ON t.person = h.person AND t.order_no > h.order_no
JOIN compliance_decision d ON d.order_no = t.order_no
WHERE d.outcome = 'permit' AND (h.ended_order IS NULL OR t.order_no < h.ended_order)
""",
)
# From each halt by an index to what it holds: one may stand for months while everything else goes on. SQLite takes
# tables that are joined crosswise in the order in which they stand. A company is named by the touch of a permission.
PASSED_A_HALT = Invariant(
    "passed_a_halt",
    "G9",
    _("Nothing passed the door while everything, its mailbox, its company or its recipient's domain stood still."),
    """
SELECT d.ref AS key FROM compliance_halt h CROSS JOIN compliance_decision d
WHERE h.state <> 'lifted' AND h.scope = 'installation' AND d.outcome = 'permit' AND d.order_no > h.order_no
UNION
SELECT d.ref AS key FROM compliance_halt h CROSS JOIN compliance_decision d
WHERE h.state <> 'lifted' AND d.mailbox = h.scope AND d.outcome = 'permit' AND d.order_no > h.order_no
UNION
SELECT d.ref AS key FROM compliance_halt h CROSS JOIN compliance_touch t CROSS JOIN compliance_decision d
WHERE h.state <> 'lifted' AND t.account = h.scope AND t.order_no > h.order_no
AND d.order_no = t.order_no AND d.outcome = 'permit'
UNION
SELECT d.ref AS key FROM compliance_halt h CROSS JOIN compliance_addressdigest a CROSS JOIN compliance_decision d
WHERE h.state <> 'lifted' AND h.domain <> '' AND a.digest = h.domain AND a.whole_domain
AND d.card = a.card_id AND d.order_no > h.order_no AND d.outcome = 'permit'
""",
)
# A clearance that came back from the journal has a number below zero; its verdicts went with the lost database.
# A partial index has this very condition, so that the database looks at each decision once, when it is written: by the
# words of its text on SQLite, where both words of a no and no other have an f in the third place.
_AGAINST_A_RULE = """
SELECT d.ref AS key FROM compliance_decision d WHERE d.outcome = 'permit' AND d.order_no > 0 AND (
    d.code <> '' OR {none} OR {no}
)
"""
PERMITTED_AGAINST_A_RULE = Invariant(
    "permitted_against_a_rule",
    "G6",
    _("No permission holds a rule that said no, or not yet, or was never asked."),
    _AGAINST_A_RULE.format(
        none="CAST(d.verdicts AS TEXT) = '[]'", no="""CAST(d.verdicts AS TEXT) LIKE '%"outcome": "__f%'"""
    ),
    _AGAINST_A_RULE.format(
        none="d.verdicts = '[]'",
        no="""d.verdicts @> '[{"outcome": "refuse"}]' OR d.verdicts @> '[{"outcome": "defer"}]'""",
    ),
)
EVERY_PERMISSION_COUNTS = Invariant(
    "every_permission_counts",
    "G2",
    _("Each permission left a touch under its own order number, so that caps and stops find it."),
    """
SELECT d.ref AS key FROM compliance_decision d
WHERE d.outcome = 'permit' AND NOT EXISTS (SELECT 1 FROM compliance_touch t WHERE t.ref = d.ref
    AND t.attempt = d.attempt AND t.order_no = d.order_no AND t.person = d.person)
""",
)
STOPS_THAT_MATCH_NOBODY = Invariant(
    "stops_that_match_nobody",
    "G7",
    _("Each stop carries the digests, or the company, by which it is found for ever."),
    """
SELECT 'stop ' || s.id AS key FROM compliance_suppression s
WHERE s.account = '' AND NOT EXISTS (SELECT 1 FROM compliance_suppressiondigest x WHERE x.suppression_id = s.id)
""",
)
STARTED_BY_ONE = Invariant(
    "started_by_one",
    "G9",
    _("What was stopped was started again by two different people."),
    """
SELECT 'halt ' || h.id AS key FROM compliance_halt h WHERE h.state = 'lifted'
AND (h.asked_person = '' OR h.confirmed_person = '' OR h.asked_person = h.confirmed_person)
""",
)
LIFTED_BY_ONE = Invariant(
    "lifted_by_one",
    "G9",
    _("A person's own stop was lifted by their own younger opt-in and two different people."),
    """
SELECT 'lift ' || l.id AS key FROM compliance_lift l
JOIN compliance_suppression s ON s.id = l.stop_id
LEFT JOIN compliance_optin o ON o.id = l.opt_in_id
WHERE s.strength <> l.strength OR l.order_no < s.order_no OR (s.strength >= 50 AND (
    o.id IS NULL OR o.order_no < s.order_no
    OR l.entered_person = '' OR l.confirmed_person = '' OR l.entered_person = l.confirmed_person
))
""",
)
SEALS_MISSING = Invariant(
    "seals_missing",
    "G10",
    _("Each sealed entry has its place in the chain, each place has its entry, and no place is left out."),
    """
SELECT 'entry ' || e.id AS key FROM compliance_auditentry e
WHERE e.sealed AND NOT EXISTS (SELECT 1 FROM compliance_auditseal s WHERE s.entry_id = e.id)
UNION ALL
SELECT 'seal ' || s.position AS key FROM compliance_auditseal s
WHERE NOT EXISTS (SELECT 1 FROM compliance_auditentry e WHERE e.id = s.entry_id)
UNION ALL
SELECT 'gap before ' || s.position AS key FROM compliance_auditseal s
WHERE s.position <> 1 AND NOT EXISTS (SELECT 1 FROM compliance_auditseal p WHERE p.position = s.position - 1)
""",
)
