"""Messages in doubt are few, and are found without a look at all the others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sequences", "0009_known_addresses_get_their_looks")]
    operations = [
        migrations.AddIndex(
            model_name="outboundmessage",
            index=models.Index(
                condition=models.Q(("state", "in_doubt")), fields=["settled_at"], name="messages_in_doubt"
            ),
        )
    ]
