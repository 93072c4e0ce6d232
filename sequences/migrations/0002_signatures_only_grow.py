"""Nobody rewrites or withdraws a signature."""

from django.db import migrations

from compliance import append_only

TABLES = {"sequences_signature": ()}


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, TABLES)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    dependencies = [("sequences", "0001_initial")]
    operations = [migrations.RunPython(keep, release)]
