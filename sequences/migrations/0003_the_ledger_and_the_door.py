"""What was told about messages, when rows were signed, who turned out to be somebody else or was erased."""

import django.db.models.deletion
from django.db import migrations, models

from compliance import append_only

TABLES = {"sequences_messageevent": ()}
# Rows signed before this column existed were signed when their list last was.
SIGNED = """
UPDATE sequences_listrow SET signed_at = (
    SELECT MAX(s.at) FROM sequences_signature s
    WHERE s.step = 'recipients' AND s.subject = 'sequences.recipientlist:' || sequences_listrow.recipient_list_id
) WHERE signed_leaf <> ''
"""


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, TABLES)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ('sequences', '0002_signatures_only_grow'),
        ('compliance', '0005_two_people_lift_and_start'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='contact',
            options={'permissions': [('import_contact', 'Can import contacts'), ('merge_contact', 'Can say that two contacts are one person'), ('erase_contact', 'Can erase a person')], 'verbose_name': 'contact', 'verbose_name_plural': 'contacts'},
        ),
        migrations.AddField(
            model_name='contact',
            name='erased_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='erased'),
        ),
        migrations.AddField(
            model_name='contact',
            name='merged_into',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='sequences.contact', verbose_name='is'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='message',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='sequences.outboundmessage', verbose_name='in answer to'),
        ),
        migrations.AddField(
            model_name='listrow',
            name='signed_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='signed'),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='provider',
            field=models.CharField(choices=[('google', 'Google Workspace'), ('microsoft', 'Microsoft 365'), ('relay', 'a relay of our own'), ('other', 'another provider')], default='other', max_length=12, verbose_name='provider'),
        ),
        migrations.AlterField(
            model_name='enrollment',
            name='exit_reason',
            field=models.CharField(blank=True, choices=[('finished', 'finished'), ('opted_out', 'opted out'), ('bounced', 'bounced'), ('not_addressable', 'may not be written to'), ('list_withdrawn', 'list withdrawn'), ('removed', 'removed by hand'), ('merged', 'turned out to be somebody else on our lists'), ('erased', 'erased')], max_length=20, verbose_name='ended because'),
        ),
        migrations.RunSQL(SIGNED, migrations.RunSQL.noop),
        migrations.CreateModel(
            name='MessageEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('delivered', 'delivered'), ('hard_bounce', 'bounced for good'), ('soft_bounce', 'bounced for now'), ('complaint', 'complaint')], max_length=20, verbose_name='what')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('source', models.CharField(max_length=80, verbose_name='told by')),
                ('digest', models.CharField(max_length=64, verbose_name='digest of the news')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='sequences.outboundmessage', verbose_name='message')),
            ],
            options={
                'verbose_name': 'event of a message',
                'verbose_name_plural': 'events of messages',
                'indexes': [models.Index(fields=['kind', 'at'], name='events_by_kind')],
                'constraints': [models.UniqueConstraint(fields=('message', 'kind', 'digest'), name='news_counts_once')],
            },
        ),
        migrations.RunPython(keep, release),
    ]
