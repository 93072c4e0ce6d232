"""Holds: a temporary no for one person. What they say stays; only how they ended may be written."""

from django.db import migrations, models

from compliance import append_only

KEPT = {"compliance_hold": ("ended_at", "ended_by", "ended_order")}


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, KEPT)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, KEPT)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0016_halts_of_domains_carry_their_digest")]
    operations = [
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order_no", models.BigIntegerField(unique=True, verbose_name="order")),
                ("at", models.DateTimeField(verbose_name="since")),
                ("person", models.UUIDField(verbose_name="person")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("answered", "they answered, and nobody has said yet what it means"),
                            ("machine", "a machine answered, and somebody has to look"),
                            ("by_hand", "held by staff"),
                        ],
                        max_length=20,
                        verbose_name="because",
                    ),
                ),
                ("source", models.CharField(max_length=120, verbose_name="from")),
                ("placed_by", models.CharField(max_length=80, verbose_name="placed by")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                ("ended_by", models.CharField(blank=True, editable=False, max_length=80, verbose_name="ended by")),
                ("ended_order", models.BigIntegerField(editable=False, null=True, verbose_name="order of the end")),
            ],
            options={
                "verbose_name": "hold",
                "verbose_name_plural": "holds",
                "indexes": [
                    models.Index(condition=models.Q(("ended_at__isnull", True)), fields=["person"], name="holds_open"),
                    models.Index(fields=["source"], name="holds_by_source"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("source", "person"),
                        name="one_open_hold_per_source",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_by", ""), ("ended_order__isnull", True)),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("ended_order__isnull", False),
                                models.Q(("ended_by", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="holds_end_whole",
                    ),
                ],
            },
        ),
        migrations.RunPython(keep, release),
    ]
