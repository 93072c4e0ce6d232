"""A halt of a recipient domain carries its digest, so that what passed it is found by the spellings of the cards."""

from django.db import migrations, models

from compliance import append_only, cards

FREE = (
    *("state", "move_token", "asked_by", "asked_person", "asked_at"),
    *("confirmed_by", "confirmed_person", "lifted_at"),
)
DOMAIN = "recipient-domain:"


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, {"compliance_halt": FREE})


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, {"compliance_halt": ()})


def compute(apps, schema_editor):
    for row in apps.get_model("compliance", "Halt").objects.filter(scope__startswith=DOMAIN):
        row.domain = cards.domain_digest(row.scope.removeprefix(DOMAIN))
        row.save(update_fields=["domain"])
    # PostgreSQL alters no table while checks of it are outstanding.
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [("compliance", "0015_merges_of_companies_are_rows")]
    operations = [
        # The triggers name the columns of the table, and SQLite may rebuild it.
        migrations.RunPython(release, keep),
        migrations.AddField(
            model_name="halt",
            name="domain",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                max_length=32,
                verbose_name="digest of the recipient's domain",
            ),
        ),
        migrations.RunPython(compute, migrations.RunPython.noop),
        migrations.RunPython(keep, release),
    ]
