"""Merges of companies are rows like those of persons; one that came back from a journal waits for the floor above."""

from django.db import migrations, models

from compliance import append_only

KEPT = {"compliance_identitychange": ("journaled_at", "taken_at")}
KINDS = [("merge", "two persons are one"), ("split", "one person is two")]


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, KEPT)


def keep_as_before(apps, schema_editor):
    append_only.install(schema_editor.connection, {"compliance_identitychange": ("journaled_at",)})


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, KEPT)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0014_merges_and_splits_are_rows")]
    operations = [
        # The triggers name the columns of the table, and SQLite may rebuild it.
        migrations.RunPython(release, keep_as_before),
        migrations.AlterField(
            model_name="identitychange",
            name="kind",
            field=models.CharField(
                choices=[*KINDS, ("company", "two companies are one")], max_length=10, verbose_name="kind"
            ),
        ),
        migrations.AddField(
            model_name="identitychange",
            name="taken_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="followed since"),
        ),
        migrations.AddIndex(
            model_name="identitychange",
            index=models.Index(
                condition=models.Q(("kind", "company"), ("taken_at__isnull", True)),
                fields=["id"],
                name="companies_to_follow",
            ),
        ),
        migrations.RunPython(keep, release),
    ]
