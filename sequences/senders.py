"""Decides who writes to whom. A person keeps their sender (spec X7), and the CRO signs who that is (LAW APR-01)."""

from collections.abc import Mapping, Sequence

from sequences.models import Enrollment, ListRow, Mailbox


def assigned(rows: Sequence[ListRow]) -> dict[int, Mailbox]:
    """{row: who writes to this person}: who does already, else whoever did before, else one of the active mailboxes.

    The same question has the same answer for as long as the active mailboxes are the same; without any, rows that
    nobody writes to yet are left out.
    """
    theirs = under_way(rows)
    active = {mailbox.pk: mailbox for mailbox in Mailbox.objects.filter(state=Mailbox.State.ACTIVE).order_by("pk")}
    if not active:
        return theirs
    known, in_order = _known([row.contact_id for row in rows if row.pk not in theirs]), list(active.values())
    return {row.pk: _chosen(row, in_order, active, known) for row in rows} | theirs


def under_way(rows: Sequence[ListRow]) -> dict[int, Mailbox]:
    """{row: who writes to this person}, for those whose passage has begun."""
    begun = Enrollment.objects.filter(row__among=[row.pk for row in rows]).order_by("pk").values_list("row", "mailbox")
    mailboxes = Mailbox.objects.in_bulk()
    return {row: mailboxes[mailbox] for row, mailbox in begun}


def _known(contacts: Sequence[int]) -> dict[int, int]:
    rows = Enrollment.objects.filter(contact__among=contacts).order_by("pk")
    return dict(rows.values_list("contact", "mailbox"))


def _chosen(
    row: ListRow, in_order: Sequence[Mailbox], active: Mapping[int, Mailbox], known: Mapping[int, int]
) -> Mailbox:
    return active.get(known.get(row.contact_id, 0), in_order[row.contact_id % len(in_order)])
