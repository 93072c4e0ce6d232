"""People no longer stop a mailbox by its state: they place a halt, and the permission to do that is the ledger's."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Only the declared permissions change."""

    dependencies: ClassVar = [("sequences", "0003_the_ledger_and_the_door")]

    operations: ClassVar = [
        migrations.AlterModelOptions(
            name="mailbox",
            options={
                "permissions": [("start_mailbox", "Can start a mailbox that was stopped for a fault")],
                "verbose_name": "mailbox",
                "verbose_name_plural": "mailboxes",
            },
        )
    ]
