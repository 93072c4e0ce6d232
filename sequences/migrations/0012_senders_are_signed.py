"""Who writes to a person is part of what the CRO signs of their row. Who does so now counts as signed."""

import hashlib
import json
from typing import ClassVar

from django.db import migrations, models


def count_as_signed(apps, schema_editor):
    """For passages under way, the sender as it is at the upgrade: nobody has to sign again, and a change is held."""
    rows = apps.get_model("sequences", "ListRow").objects.exclude(signed_leaf="")
    for mailbox in apps.get_model("sequences", "Mailbox").objects.all():
        said = json.dumps(["sender", mailbox.address, mailbox.name], separators=(",", ":"))
        theirs = rows.filter(enrollments__mailbox=mailbox)
        rows.filter(pk__in=theirs.values("pk")).update(signed_sender=hashlib.sha256(said.encode()).hexdigest())


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sequences", "0011_a_person_has_a_doubt_sent_again")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="listrow",
            name="signed_sender",
            field=models.CharField(
                blank=True, default="", editable=False, max_length=64, verbose_name="digest of the sender signed"
            ),
        ),
        migrations.RunPython(count_as_signed, migrations.RunPython.noop),
    ]
