"""A message knows its list, so that breakers find the last results of a list or a mailbox without reading all."""

import django.db.models.deletion
from django.db import migrations, models

LIST = """
UPDATE sequences_outboundmessage SET recipient_list_id = (
    SELECT r.recipient_list_id FROM sequences_enrollment e JOIN sequences_listrow r ON r.id = e.row_id
    WHERE e.id = sequences_outboundmessage.enrollment_id
)
"""
RESULT = models.Q(("state__in", ["accepted", "rejected"]))


class Migration(migrations.Migration):
    dependencies = [("sequences", "0004_people_place_halts")]
    operations = [
        migrations.AddField(
            model_name="outboundmessage",
            name="recipient_list",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="sequences.recipientlist",
                verbose_name="recipient list",
            ),
        ),
        migrations.RunSQL(LIST, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="outboundmessage",
            index=models.Index(condition=RESULT, fields=["mailbox", "settled_at"], name="results_by_mailbox"),
        ),
        migrations.AddIndex(
            model_name="outboundmessage",
            index=models.Index(condition=RESULT, fields=["recipient_list", "settled_at"], name="results_by_list"),
        ),
    ]
