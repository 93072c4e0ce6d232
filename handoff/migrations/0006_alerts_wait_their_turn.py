from datetime import UTC, datetime

from django.db import migrations, models

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Migration(migrations.Migration):
    dependencies = [("handoff", "0005_leads_are_erased")]
    operations = [
        migrations.AddField(
            model_name="alert",
            name="not_before",
            field=models.DateTimeField(default=LONG_AGO, editable=False, verbose_name="not before"),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="alert",
            name="tries",
            field=models.PositiveIntegerField(default=0, verbose_name="tries"),
        ),
    ]
