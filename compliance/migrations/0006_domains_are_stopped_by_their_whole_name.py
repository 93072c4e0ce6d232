"""What a halt names may be a recipient's domain of any length, which the column had no room for."""

from django.db import migrations, models

from compliance import append_only

TABLES = {
    "compliance_halt": (
        *("state", "move_token", "asked_by", "asked_person", "asked_at"),
        *("confirmed_by", "confirmed_person", "lifted_at"),
    ),
}


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, TABLES)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0005_two_people_lift_and_start")]
    operations = [
        migrations.RunPython(release, keep),
        migrations.AlterField("halt", "scope", models.CharField(max_length=280, verbose_name="what stands still")),
        migrations.RunPython(keep, release),
    ]
