"""A mail that the machine has looked at waits for a person, and is not looked at again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sequences", "0016_passages_pause"),
    ]

    operations = [
        migrations.AddField(
            model_name="inboundmessage",
            name="looked_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="looked at by the machine"),
        ),
        migrations.AddIndex(
            model_name="inboundmessage",
            index=models.Index(
                condition=models.Q(("looked_at__isnull", True), ("state", "waiting")),
                fields=["id"],
                name="inbox_not_looked_at",
            ),
        ),
    ]
