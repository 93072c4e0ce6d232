"""A signed campaign to so many people, all of them due now: what the benches of the door ask about."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from compliance import addresses, cards
from compliance.asking import Ask
from compliance.clearance import Ruling
from sequences import asks, wording
from sequences.models import Account, Contact, Enrollment, ListRow, Step
from tests.cast import LONG_AGO, TUESDAY
from tests.factories import MailboxFactory, approved_sequence, playbook_loaded, running_list
from tests.sequences.campaign import PLENTY

_PER_ACCOUNT, _PER_MAILBOX = 5, 20


def under_way(people: int, at: datetime = TUESDAY) -> list[Ask]:
    """The question about the first step to each of them, from as many mailboxes as the caps ask for."""
    playbook_loaded(caps=PLENTY)
    mailboxes = MailboxFactory.create_batch(people // _PER_MAILBOX + 1)
    running_list(at, _contacts(people), approved_sequence(at, steps=1))
    for place, row in enumerate(Enrollment.objects.order_by("pk")):
        mailbox = mailboxes[place % len(mailboxes)]
        Enrollment.objects.filter(pk=row.pk).update(due_at=at, mailbox=mailbox)
        ListRow.objects.filter(pk=row.row_id).update(signed_sender=wording.sender_digest(mailbox))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    rows = Enrollment.objects.select_related(
        "contact__account", "contact__card", "version__sequence", "row__recipient_list", "mailbox"
    )
    template = Step.objects.get().template_version.template
    return [asks.for_step(row, template.key) for row in rows.order_by("pk")]


def everything(permitted: Sequence[Ruling]) -> list[str]:
    """A worker that has lost nothing."""
    return [ruling.ask.ref for ruling in permitted]


def _contacts(people: int) -> list[Contact]:
    firms = [
        Account(name=f"Pumps {number} Ltd", domain=f"pumps-{number}.example.com", industry="Pumps")
        for number in range(people // _PER_ACCOUNT + 1)
    ]
    accounts = Account.objects.bulk_create(firms)
    written = {
        f"ada.{number}@{accounts[number // _PER_ACCOUNT].domain}": accounts[number // _PER_ACCOUNT]
        for number in range(people)
    }
    parsed = {text: addresses.parse(text) for text in written}
    made = cards.find_or_make(list(parsed.values()), at=LONG_AGO)
    return Contact.objects.bulk_create(
        [
            Contact(
                account=account,
                address=text,
                card=made[parsed[text].canonical],
                first_name="Ada",
                last_name="Byron",
                title="Head of Pumps",
                country="DE",
                source="trade_fair",
                basis="legitimate_interest",
                created_at=LONG_AGO,
            )
            for text, account in written.items()
        ]
    )
