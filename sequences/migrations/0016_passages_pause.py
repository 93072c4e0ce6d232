"""A passage may pause: since when, until when, why. What pauses is not due."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sequences", "0015_why_people_leave"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="enrollment",
            options={
                "permissions": [
                    ("remove_enrollment", "Can take a person out of a sequence"),
                    ("pause_enrollment", "Can let a passage pause and go on"),
                ],
                "verbose_name": "enrollment",
                "verbose_name_plural": "enrollments",
            },
        ),
        migrations.RemoveIndex(
            model_name="enrollment",
            name="enrollments_due",
        ),
        migrations.AddField(
            model_name="enrollment",
            name="paused_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="paused since"),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="paused_because",
            field=models.CharField(
                blank=True,
                choices=[
                    ("out_of_office", "out of office"),
                    ("held", "held until somebody has decided"),
                    ("colleague_replied", "a colleague answered"),
                    ("sender_absent", "the sender is away"),
                    ("by_hand", "paused by hand"),
                ],
                editable=False,
                max_length=20,
                verbose_name="paused because",
            ),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="paused_until",
            field=models.DateTimeField(editable=False, null=True, verbose_name="paused until"),
        ),
        migrations.AddIndex(
            model_name="enrollment",
            index=models.Index(
                condition=models.Q(("paused_at__isnull", True), ("state", "active")),
                fields=["due_at", "id"],
                name="enrollments_due",
            ),
        ),
        migrations.AddIndex(
            model_name="enrollment",
            index=models.Index(
                condition=models.Q(("paused_at__isnull", False), ("state", "active")),
                fields=["paused_until"],
                name="enrollments_paused",
            ),
        ),
        migrations.AddConstraint(
            model_name="enrollment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paused_at__isnull", True), ("paused_because", ""), ("paused_until__isnull", True)),
                    models.Q(("paused_at__isnull", False), models.Q(("paused_because", ""), _negated=True)),
                    _connector="OR",
                ),
                name="pauses_have_a_reason",
            ),
        ),
    ]
