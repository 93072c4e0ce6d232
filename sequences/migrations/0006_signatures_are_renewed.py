"""A signature that has aged, or whose signer is gone, is given again over the same digest."""

from typing import ClassVar

from django.db import migrations, models

from compliance import append_only

TABLES = {"sequences_signature": ()}


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, TABLES)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    """Where renewals have been written, the way back is refused by the narrower constraint."""

    dependencies: ClassVar = [("sequences", "0005_results_by_list_and_mailbox")]

    operations: ClassVar = [
        # SQLite rebuilds the table, and with it would go the triggers.
        migrations.RunPython(release, keep),
        migrations.RemoveConstraint(model_name="signature", name="one_signature_per_step"),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.UniqueConstraint(
                fields=("subject", "step", "digest", "at"), name="one_signature_per_step"
            ),
        ),
        migrations.RunPython(keep, release),
    ]
