"""What must never be of leads and offers, as queries (spec L1, L6, H4; its first form)."""

from django.utils.translation import gettext_lazy as _

from compliance.invariants import Invariant

BROKEN_LADDER = Invariant(
    "broken_ladder",
    "L1",
    _("Each lead stands where the last of its recorded arrows has led, and each begins where the one before ended."),
    """
SELECT 'lead ' || l.id AS key FROM handoff_lead l
LEFT JOIN handoff_stagemove m ON m.id = (SELECT MAX(x.id) FROM handoff_stagemove x WHERE x.lead_id = l.id)
WHERE l.stage <> COALESCE(m.became, 'prospect') OR l.move_token <> COALESCE(m.token, '')
UNION
SELECT 'lead ' || m.lead_id AS key FROM handoff_stagemove m
LEFT JOIN handoff_stagemove p ON p.id = (
    SELECT MAX(x.id) FROM handoff_stagemove x WHERE x.lead_id = m.lead_id AND x.id < m.id
)
WHERE m.was <> COALESCE(p.became, 'prospect')
""",
)
# Erasing a person empties what an arrow says; then there is nothing to count.
_GROUNDLESS = """
SELECT 'arrow ' || m.id AS key FROM handoff_stagemove m
WHERE m.arrow IN ('qualify', 'confirm', 'reopen')
AND ({findings} < 5 OR {signals} < 1)
"""
WITHOUT_GROUNDS = Invariant(
    "without_grounds",
    "L6",
    _("Each MQL and SQL was made on five findings at least and a signal, which its arrow names."),
    _GROUNDLESS.format(
        findings="json_array_length(m.grounds, '$.findings')", signals="json_array_length(m.grounds, '$.signals')"
    ),
    _GROUNDLESS.format(
        findings="jsonb_array_length(m.grounds -> 'findings')", signals="jsonb_array_length(m.grounds -> 'signals')"
    ),
)
OWNED_BY_NOBODY = Invariant(
    "owned_by_nobody",
    "H4",
    _("Each open lead from SAL on belongs to somebody."),
    """
SELECT 'lead ' || l.id AS key FROM handoff_lead l
WHERE l.owner_id IS NULL
AND l.stage IN ('sal', 'sql', 'briefing_ready', 'assessment_qualified', 'assessment_proposed')
""",
)
# Asked since it came to MQL the last time; whoever closes the question by hand says in the log why.
ASKED_OF_NOBODY = Invariant(
    "asked_of_nobody",
    "H4",
    _("About each MQL and SAL somebody was asked to decide, by a date, or it comes back on a day."),
    """
SELECT 'lead ' || l.id AS key FROM handoff_lead l
WHERE l.stage IN ('mql', 'sal') AND l.return_on IS NULL AND NOT EXISTS (
    SELECT 1 FROM handoff_task t WHERE t.lead_id = l.id AND t.kind = 'decide_sql' AND t.opened_at >= (
        SELECT MAX(m.at) FROM handoff_stagemove m WHERE m.lead_id = l.id AND m.became = 'mql'
    )
)
""",
)
STANDS_FOR_NOBODY = Invariant(
    "stands_for_nobody",
    "H4",
    _("No offer stands for a lead that is closed, and no briefing for one that is not ready for it."),
    """
SELECT 'handoff ' || h.id AS key FROM handoff_handoff h JOIN handoff_lead l ON l.id = h.lead_id
WHERE h.state = 'open' AND l.stage IN ('won', 'lost', 'disqualified', 'archived')
UNION
SELECT 'briefing ' || b.id AS key FROM handoff_briefing b JOIN handoff_lead l ON l.id = b.lead_id
WHERE b.state = 'booked' AND l.stage <> 'briefing_ready'
""",
)
# Now is the moment of the latest entry of the log, which also holds where time is played. The round that takes offers
# back comes every few seconds.
_OVERDUE = """
SELECT 'handoff ' || h.id AS key FROM handoff_handoff h WHERE h.state = 'open'
AND h.due_at < (SELECT {an_hour_before} FROM compliance_auditentry e ORDER BY e.id DESC LIMIT 1)
"""
OFFERS_OVERDUE = Invariant(
    "offers_overdue",
    "H4",
    _("No offer stands for more than an hour after it was to be answered."),
    _OVERDUE.format(an_hour_before="datetime(e.at, '-1 hour')"),
    _OVERDUE.format(an_hour_before="e.at - INTERVAL '1 hour'"),
)
