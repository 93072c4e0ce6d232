"""What must never be of messages, passages and signatures, as queries (LAW G2 to G5; spec X1, X2)."""

from django.utils.translation import gettext_lazy as _

from compliance.invariants import Invariant

# A permission without an attempt counts too: its worker died, or is on the wire. What came back from a journal was
# cleared in a life that was lost: there the door had seen proof that each earlier try of that life had failed. The only
# other excuse is a person's word on that very try.
CLEARED_TWICE = Invariant(
    "cleared_twice",
    "G2",
    _("No message passed the door twice unless each earlier try is proven unaccepted, or a person had it sent again."),
    """
SELECT d.ref AS key FROM compliance_decision d
JOIN sequences_outboundmessage m ON m.ref = d.ref
WHERE d.outcome = 'permit' AND NOT EXISTS (
    SELECT 1 FROM sequences_attempt t
    WHERE t.message_id = m.id AND t.number = d.attempt AND t.outcome IN ('notsent', 'rejected')
) AND NOT EXISTS (
    SELECT 1 FROM compliance_decision l
    WHERE l.ref = d.ref AND l.person = d.person AND l.outcome = 'permit' AND l.code = 'replayed'
    AND -l.order_no > ABS(d.order_no) AND l.at > d.at
) AND NOT EXISTS (
    SELECT 1 FROM sequences_resend r WHERE r.message_id = m.id AND r.attempt = d.attempt
)
GROUP BY d.ref HAVING COUNT(*) > 1
""",
)
SENT_WITHOUT_CLEARANCE = Invariant(
    "sent_without_clearance",
    "G3",
    _("Nothing went, or may have gone, without a permission for that very try."),
    """
SELECT m.ref AS key FROM sequences_outboundmessage m
WHERE m.state IN ('cleared', 'accepted', 'in_doubt') AND NOT EXISTS (
    SELECT 1 FROM compliance_decision d WHERE d.ref = m.ref AND d.outcome = 'permit'
)
UNION
SELECT m.ref AS key FROM sequences_attempt t JOIN sequences_outboundmessage m ON m.id = t.message_id
WHERE t.outcome IN ('accepted', 'indoubt') AND NOT EXISTS (
    SELECT 1 FROM compliance_decision d WHERE d.ref = m.ref AND d.attempt = t.number AND d.outcome = 'permit'
)
""",
)
SENT_WITHOUT_SIGNATURES = Invariant(
    "sent_without_signatures",
    "G3",
    _("Nothing went whose text, sequence or list row lacks a signature on exactly that wording."),
    """
SELECT 'text ' || v.id AS key FROM sequences_templateversion v
WHERE EXISTS (
    SELECT 1 FROM sequences_outboundmessage m
    WHERE m.template_version_id = v.id AND m.state IN ('cleared', 'accepted', 'in_doubt')
) AND 3 > (
    SELECT COUNT(DISTINCT g.step) FROM sequences_signature g
    WHERE g.subject = 'sequences.templateversion:' || v.id AND g.digest = v.digest
    AND g.step IN ('messaging', 'narrative', 'loading')
)
UNION ALL
SELECT 'sequence ' || v.id AS key FROM sequences_sequenceversion v
WHERE EXISTS (
    SELECT 1 FROM sequences_enrollment e JOIN sequences_outboundmessage m ON m.enrollment_id = e.id
    WHERE e.version_id = v.id AND m.state IN ('cleared', 'accepted', 'in_doubt')
) AND NOT EXISTS (
    SELECT 1 FROM sequences_signature g
    WHERE g.subject = 'sequences.sequenceversion:' || v.id AND g.digest = v.digest AND g.step = 'sequence'
)
UNION ALL
SELECT 'list ' || r.id AS key FROM sequences_recipientlist r
WHERE EXISTS (
    SELECT 1 FROM sequences_outboundmessage m
    WHERE m.recipient_list_id = r.id AND m.state IN ('cleared', 'accepted', 'in_doubt')
) AND NOT EXISTS (
    SELECT 1 FROM sequences_signature g
    WHERE g.subject = 'sequences.recipientlist:' || r.id AND g.step = 'recipients'
)
UNION ALL
SELECT m.ref AS key FROM sequences_outboundmessage m
JOIN sequences_enrollment e ON e.id = m.enrollment_id JOIN sequences_listrow r ON r.id = e.row_id
WHERE m.state IN ('cleared', 'accepted', 'in_doubt') AND r.signed_leaf = ''
""",
)
# What is held for it cannot go out, so nothing has to stop; somebody has to look who changed it (FT-61).
CHANGED_AFTER_SIGNING = Invariant(
    "changed_after_signing",
    "APR-01",
    _("No text and no sequence that people are on their way through says something else than was signed."),
    """
SELECT DISTINCT 'text ' || m.template_version_id AS key FROM sequences_outboundmessage m
WHERE m.state = 'planned' AND m.reason = 'text_changed'
UNION
SELECT DISTINCT 'sequence ' || e.version_id AS key FROM sequences_outboundmessage m
JOIN sequences_enrollment e ON e.id = m.enrollment_id
WHERE m.state = 'planned' AND m.reason = 'sequence_changed'
""",
)
SIGNED_BY_AUTHOR = Invariant(
    "signed_by_author",
    "G3",
    _("Nobody signed a text, a sequence or a list of their own."),
    """
SELECT g.subject AS key FROM sequences_signature g
LEFT JOIN sequences_templateversion t ON g.subject = 'sequences.templateversion:' || t.id
LEFT JOIN sequences_sequenceversion q ON g.subject = 'sequences.sequenceversion:' || q.id
LEFT JOIN sequences_recipientlist r ON g.subject = 'sequences.recipientlist:' || r.id
WHERE g.signer_id IN (g.author_id, t.author_id, q.author_id, r.author_id)
""",
)
UNKNOWN_STATES = Invariant(
    "unknown_states",
    "G4",
    _("Each message is in exactly one known state, so that all that was planned is the sum of what became of it."),
    """
SELECT m.ref AS key FROM sequences_outboundmessage m WHERE m.state NOT IN (
    'planned', 'claimed', 'cleared', 'accepted', 'rejected', 'refused', 'cancelled', 'expired', 'in_doubt'
)
""",
    pauses=True,
)
# A permission that came back from the journal has a number below zero; its message may be of another life.
MESSAGES_GONE = Invariant(
    "messages_gone",
    "G4",
    _("Each message that passed the door still has its row, in which it says what became of it."),
    """
SELECT DISTINCT d.ref AS key FROM compliance_decision d
WHERE d.outcome = 'permit' AND d.order_no > 0
AND NOT EXISTS (SELECT 1 FROM sequences_outboundmessage m WHERE m.ref = d.ref)
""",
    pauses=True,
)
# A person, or what came back of it, may say that a message in doubt was delivered; its last try stays in doubt. And a
# provider may say that it never sent what it took.
RESULTS_THAT_DIFFER = Invariant(
    "results_that_differ",
    "G4",
    _("A message is accepted exactly when one of its tries was, or a person or evidence said so of one in doubt."),
    """
SELECT m.ref AS key FROM sequences_outboundmessage m
WHERE m.state = 'accepted' AND NOT EXISTS (
    SELECT 1 FROM sequences_attempt t WHERE t.message_id = m.id
    AND (t.outcome = 'accepted' OR (t.outcome = 'indoubt' AND m.reason IN ('decided_by_hand', 'evidence')))
)
UNION
SELECT m.ref AS key FROM sequences_attempt t JOIN sequences_outboundmessage m ON m.id = t.message_id
WHERE t.outcome = 'accepted' AND m.state <> 'accepted'
AND NOT (m.state = 'rejected' AND m.reason IN ('provider_suppressed', 'provider_refused'))
""",
)
ATTEMPTS_NOT_RECORDED = Invariant(
    "attempts_not_recorded",
    "G4",
    _("Each try of each message is written down once."),
    """
SELECT m.ref AS key FROM sequences_outboundmessage m
LEFT JOIN sequences_attempt t ON t.message_id = m.id
GROUP BY m.id, m.ref, m.attempts_made HAVING COUNT(t.id) <> m.attempts_made
""",
)
STRANDED = Invariant(
    "stranded",
    "G4",
    _("Each passage under way has a time for its next step, or a message of it that somebody will settle."),
    """
SELECT 'passage ' || e.id AS key FROM sequences_enrollment e
WHERE e.state = 'active' AND e.due_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM sequences_outboundmessage m
    WHERE m.enrollment_id = e.id AND m.step = e.next_step
    AND m.state IN ('planned', 'claimed', 'cleared', 'in_doubt')
)
""",
)
# A later try that came back from a journal is older than a doubt that was raised after the restore.
DOUBT_SENT_AGAIN = Invariant(
    "doubt_sent_again",
    "G5",
    _("Nothing in doubt passed the door again, unless a person had it sent again."),
    """
SELECT m.ref AS key FROM sequences_attempt t JOIN sequences_outboundmessage m ON m.id = t.message_id
JOIN compliance_decision d ON d.ref = m.ref AND d.attempt > t.number AND d.outcome = 'permit'
WHERE t.outcome = 'indoubt' AND (d.code <> 'replayed' OR t.at < d.at)
AND NOT EXISTS (SELECT 1 FROM sequences_resend r WHERE r.message_id = m.id AND r.attempt = t.number)
""",
)
RESENT_WITHOUT_A_REASON = Invariant(
    "resent_without_a_reason",
    "G2",
    _("Each decision to send again is in the log, by the same person and with a reason."),
    """
SELECT m.ref AS key FROM sequences_resend r JOIN sequences_outboundmessage m ON m.id = r.message_id
WHERE NOT EXISTS (
    SELECT 1 FROM compliance_auditentry e
    WHERE e.subject = 'sequences.outboundmessage:' || m.id AND e.verb = 'sequences.outboundmessage.resend'
    AND e.actor = 'user:' || r.decided_by_id AND e.reason <> '' AND e.at = r.at
)
""",
)
CONTACTS_WITHOUT_DIGESTS = Invariant(
    "contacts_without_digests",
    "G7",
    _("Each person who can be written to has a card by whose digests stops are found."),
    """
SELECT 'contact ' || c.id AS key FROM sequences_contact c
WHERE c.erased_at IS NULL
AND NOT EXISTS (SELECT 1 FROM compliance_addressdigest a WHERE a.card_id = c.card_id AND NOT a.whole_domain)
""",
)
IN_TWO_SEQUENCES = Invariant(
    "in_two_sequences",
    "SQ3",
    _("Nobody is in two sequences at a time, under whichever name they were known."),
    """
SELECT 'person ' || CAST(COALESCE(q.id, p.id) AS TEXT) AS key FROM sequences_enrollment e
JOIN compliance_personkey p ON p.id = e.person
LEFT JOIN compliance_personkey q ON q.id = p.merged_into_id
WHERE e.state = 'active'
GROUP BY COALESCE(q.id, p.id) HAVING COUNT(*) > 1
""",
)
# From the halt to what it holds, in this order, as in compliance.invariants.PASSED_A_HALT.
PASSED_A_HALTED_LIST = Invariant(
    "passed_a_halted_list",
    "G9",
    _("Nothing passed the door while its list, its sequence, its template or its sending domain stood still."),
    """
SELECT d.ref AS key FROM compliance_halt h CROSS JOIN sequences_recipientlist l CROSS JOIN sequences_listrow r
CROSS JOIN sequences_enrollment e CROSS JOIN sequences_outboundmessage m CROSS JOIN compliance_decision d
WHERE h.state <> 'lifted' AND h.scope = 'list:' || l.id AND r.recipient_list_id = l.id AND e.row_id = r.id
AND m.enrollment_id = e.id AND d.ref = m.ref AND d.order_no > h.order_no AND d.outcome = 'permit'
UNION
SELECT d.ref AS key FROM compliance_halt h CROSS JOIN sequences_sequenceversion v CROSS JOIN sequences_enrollment e
CROSS JOIN sequences_outboundmessage m CROSS JOIN compliance_decision d
WHERE h.state <> 'lifted' AND h.scope = 'sequence:' || v.sequence_id AND e.version_id = v.id
AND m.enrollment_id = e.id AND d.ref = m.ref AND d.order_no > h.order_no AND d.outcome = 'permit'
UNION
SELECT d.ref AS key FROM compliance_halt h CROSS JOIN sequences_templateversion w
CROSS JOIN sequences_outboundmessage m CROSS JOIN compliance_decision d
WHERE h.state <> 'lifted' AND h.scope = 'template:' || w.template_id AND m.template_version_id = w.id
AND d.ref = m.ref AND d.order_no > h.order_no AND d.outcome = 'permit'
UNION
SELECT d.ref AS key FROM compliance_halt h CROSS JOIN sequences_mailbox b CROSS JOIN compliance_decision d
WHERE h.state <> 'lifted' AND h.scope LIKE 'sending-domain:%' AND LOWER(b.address) LIKE '%@' || SUBSTR(h.scope, 16)
AND d.mailbox = 'mailbox:' || b.id AND d.order_no > h.order_no AND d.outcome = 'permit'
""",
)
