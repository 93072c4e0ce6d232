"""Merges and splits as rows of their own, so that one whose writer died is found and follows into the journal."""

from django.db import migrations, models

from compliance import append_only

KEPT = {"compliance_identitychange": ("journaled_at",)}


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, KEPT)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, KEPT)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0013_decisions_name_their_code")]
    operations = [
        migrations.CreateModel(
            name="IdentityChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order_no", models.BigIntegerField(unique=True, verbose_name="order")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "kind",
                    models.CharField(
                        choices=[("merge", "two persons are one"), ("split", "one person is two")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("told", models.JSONField(verbose_name="told")),
                ("journaled_at", models.DateTimeField(editable=False, null=True, verbose_name="in the journal since")),
            ],
            options={
                "verbose_name": "merge or split",
                "verbose_name_plural": "merges and splits",
                "indexes": [
                    models.Index(
                        condition=models.Q(("journaled_at__isnull", True)), fields=["id"], name="changes_not_journaled"
                    )
                ],
            },
        ),
        migrations.RunPython(keep, release),
    ]
