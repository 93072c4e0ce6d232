"""That too many messages are in doubt is a kind of incident."""

from django.db import migrations, models

KINDS = [
    ("sent_after_stop", "mailed somebody who had opted out"),
    ("promise_broken", "a guarantee does not hold"),
    ("bounces", "too many addresses that do not exist"),
    ("complaints", "too many complaints"),
    ("in_doubt", "too many messages in doubt"),
    ("brand", "harm to the brand"),
    ("other", "other"),
]


class Migration(migrations.Migration):
    dependencies = [("compliance", "0011_what_an_address_looks_like")]
    operations = [
        migrations.AlterField(
            model_name="incident",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=20, verbose_name="kind"),
        )
    ]
