"""Who had a message in doubt sent again, after which try and why; nobody changes or withdraws that."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from compliance import append_only

TABLES = {"sequences_resend": ()}


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, TABLES)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("sequences", "0010_messages_in_doubt_are_found"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AlterModelOptions(
            name="outboundmessage",
            options={
                "permissions": [
                    ("resolve_outboundmessage", "Can say what became of a message in doubt"),
                    ("resend_outboundmessage", "Can have a message in doubt sent again"),
                ],
                "verbose_name": "message",
                "verbose_name_plural": "messages",
            },
        ),
        migrations.CreateModel(
            name="Resend",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("attempt", models.PositiveSmallIntegerField(verbose_name="try in doubt")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "decided_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="resends",
                        to="sequences.outboundmessage",
                        verbose_name="message",
                    ),
                ),
            ],
            options={
                "verbose_name": "decision to send again",
                "verbose_name_plural": "decisions to send again",
                "constraints": [
                    models.UniqueConstraint(fields=("message", "attempt"), name="one_resend_per_try"),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="resent_for_a_reason"
                    ),
                ],
            },
        ),
        migrations.RunPython(keep, release),
    ]
