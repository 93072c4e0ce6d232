"""Decides how the codes and verbs of the desk are said to people."""

from django.utils.translation import gettext_lazy as _

from compliance.admin_words import know
from handoff import reasons

# Why a lead or an offer went back or away; below, some of these codes say why a message did not go.
_REASONS = {
    **reasons.DISQUALIFIED,
    **reasons.REJECTED,
    **reasons.RECYCLED,
    **reasons.LOST,
    **reasons.ARCHIVED,
}

know(
    codes={
        **{f"handoff.{row}.{code}": said for row in ("lead", "handoff") for code, said in _REASONS.items()},
        # What is missing for an arrow.
        "gate_unknown": _("Nobody has judged the gate"),
        "gate_lapsed": _("The gate was judged too long ago"),
        "gate_failed": _("The gate does not pass"),
        "no_signal": _("No signal of theirs is known"),
        "signal_lapsed": _("Their last signal is too old"),
        "signal_discounted": _("Their only signals came from free-mail or role addresses"),
        "indicators_missing": _("Too few indicators are there"),
        "briefing_not_held": _("No briefing with them was held"),
        "no_new_signal": _("They have given no signal since"),
        "no_new_evidence": _("Nothing new was judged or heard since"),
        "is_an_mql": _("Nothing is missing for an MQL"),
        "in_the_past": _("It lies in the past"),
        "booked_already": _("Another briefing with them is booked"),
        "lead_elsewhere": _("The lead does not wait for a briefing any more"),
        "in_the_future": _("It has not happened yet"),
        "not_yet": _("It has not begun yet"),
        # Whose it is.
        "nobody_accepts": _("Only a person accepts a lead"),
        "not_offered": _("It is not offered to anybody"),
        "offered_to_another": _("It is offered to somebody else"),
        "only_the_cro": _("Only the CRO sends a lead back from there"),
        "not_yours": _("It belongs to somebody else"),
        "not_your_role": _("It is asked of another role"),
        # What was said.
        "said_nothing": _("Something was not filled in"),
        "reason_missing": _("No reason was chosen"),
        "unknown_reason": _("There is no such reason"),
        "unknown_criterion": _("There is no such criterion"),
        "unknown_signal": _("There is no such signal"),
        "unknown_tier": _("There is no such tier"),
        "no_evidence": _("It was not said where it was found"),
        "no_reference": _("It was not said by what it is told from others"),
        "no_company": _("They have no company"),
        "nobody_proposed": _("Nobody is proposed for this"),
        "wrong_type": _("They are proposed for another type of sequence"),
        "not_approved": _("The sequence has not been signed"),
        "no_name": _("The list has no name"),
        "name_taken": _("There is a list of this name already"),
        # What the door says of a stage.
        "being_worked": _("A rep works on this person, or is asked to"),
        "not_classified": _("Nobody has decided yet whether this person is an MQL"),
        "stage_does_not_fit": _("The person's stage is not the one that this sequence is for"),
        # Why a signal does not count.
        "free_mail": _("From a free-mail address"),
        "role_address": _("From the address of a role"),
        "no_address": _("Their address cannot be read"),
        # What a task asks for.
        "classify": _("Decide whether this is an MQL"),
        "decide_sql": _("Decide whether this is an SQL"),
        "write": _("Write personally"),
        "post_briefing": _("Decide about a proposal"),
        "complete": _("Complete what a handoff needs"),
        "follow_up": _("Follow up"),
    },
    rules={"StageFits": _("The sequence is for the person's stage, and nobody works on them")},
    verbs={
        "handoff.finding.judged": _("Judged"),
        "handoff.signal.heard": _("Signal noted"),
        "handoff.handoff.offered": _("Offered"),
        "handoff.task.opened": _("Asked for"),
        "handoff.briefing.booked": _("Booked"),
        "handoff.handoff.revert": _("Taken back: nobody answered in time"),
        "handoff.handoff.withdraw": _("Withdrawn: the lead has gone elsewhere"),
    },
)
