"""A retry days later moves the windows of person, account and domain: each cleared attempt leaves a touch."""

from django.db import migrations, models

from compliance import append_only

TABLES = {"compliance_touch": ()}


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, TABLES)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0002_promises_kept_by_the_database")]
    operations = [
        # SQLite rebuilds the table, and with it would go the triggers.
        migrations.RunPython(release, keep),
        migrations.AddField("touch", "attempt", models.PositiveIntegerField(default=1, verbose_name="attempt"), preserve_default=False),
        migrations.AlterField("touch", "ref", models.CharField(max_length=80, verbose_name="message")),
        migrations.AddConstraint("touch", models.UniqueConstraint(fields=["ref", "attempt"], name="one_touch_per_attempt")),
        migrations.RunPython(keep, release),
    ]
