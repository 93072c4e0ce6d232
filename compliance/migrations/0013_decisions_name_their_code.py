"""Each decision names the code that took it. Older ones do not say."""

from django.db import migrations, models

from compliance import append_only

TABLE = {"compliance_decision": ()}
# By hand: on SQLite Django would copy the table, and lose its triggers and the index that it does not know of.
ADD = "ALTER TABLE compliance_decision ADD COLUMN build varchar(12) DEFAULT '' NOT NULL"
DROP = "ALTER TABLE compliance_decision DROP COLUMN build"


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, TABLE)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, TABLE)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0012_messages_in_doubt_are_an_incident")]
    operations = [
        # Triggers name every column that may not change: made anew after each way, and gone before a column is.
        migrations.RunPython(migrations.RunPython.noop, keep),
        migrations.RunSQL(
            ADD,
            DROP,
            state_operations=[
                migrations.AddField(
                    model_name="decision",
                    name="build",
                    field=models.CharField(blank=True, default="", max_length=12, verbose_name="code"),
                )
            ],
        ),
        migrations.RunPython(keep, release),
    ]
