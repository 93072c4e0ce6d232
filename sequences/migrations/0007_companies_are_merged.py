"""An account may turn out to be another one, and who may say so."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sequences", "0006_signatures_are_renewed")]
    operations = [
        migrations.AlterModelOptions(
            name="account",
            options={
                "permissions": [("merge_account", "Can say that two companies are one")],
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
            },
        ),
        migrations.AddField(
            model_name="account",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="sequences.account",
                verbose_name="is",
            ),
        ),
    ]
