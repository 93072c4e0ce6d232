"""Reasons why a passage ends: an answer, a complaint, a stage, a meeting."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sequences", "0014_what_a_mail_is"),
    ]

    operations = [
        migrations.AlterField(
            model_name="enrollment",
            name="exit_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("finished", "finished"),
                    ("replied_positive", "answered: interested"),
                    ("replied_negative", "answered: not interested"),
                    ("complained", "complained"),
                    ("stage_changed", "stage changed"),
                    ("meeting_booked", "meeting booked"),
                    ("disqualified", "disqualified"),
                    ("opted_out", "opted out"),
                    ("bounced", "bounced"),
                    ("not_addressable", "may not be written to"),
                    ("list_withdrawn", "list withdrawn"),
                    ("removed", "removed by hand"),
                    ("merged", "turned out to be somebody else on our lists"),
                    ("erased", "erased"),
                ],
                max_length=20,
                verbose_name="ended because",
            ),
        ),
    ]
