"""Of each mail that came in: what it is, who says so, and whether its consequences have been drawn."""

from typing import Any

import django.db.models.deletion
import django_fsm
from django.db import migrations, models


def split(apps: Any, schema_editor: Any) -> None:
    """What had been obeyed is dealt with; what waited for a person goes on waiting."""
    rows = apps.get_model("sequences", "InboundMessage").objects
    rows.filter(verdict="opt_out").update(state="routed")
    rows.filter(verdict="waiting").update(verdict="other")


def join(apps: Any, schema_editor: Any) -> None:
    """Everything else than an opt-out waited for a person."""
    apps.get_model("sequences", "InboundMessage").objects.exclude(verdict="opt_out").update(verdict="waiting")


class Migration(migrations.Migration):

    dependencies = [
        ('sequences', '0013_persons_not_accounts'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='inboundmessage',
            options={'permissions': [('route_inboundmessage', 'Can say what an incoming mail is')], 'verbose_name': 'incoming mail', 'verbose_name_plural': 'incoming mail'},
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='confidence',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='confidence'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='contact',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='sequences.contact', verbose_name='from'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='decided_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='decided'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='decided_by',
            field=models.CharField(blank=True, max_length=80, verbose_name='decided by'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='language',
            field=models.CharField(blank=True, max_length=8, verbose_name='language'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='matched_by',
            field=models.CharField(blank=True, choices=[('token', 'a token in the address'), ('in_reply_to', 'In-Reply-To'), ('references', 'References'), ('returned', 'the message it returns'), ('sender', 'its sender'), ('company', "its sender's company")], max_length=20, verbose_name='known by'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='move_token',
            field=models.CharField(blank=True, editable=False, max_length=16),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='permanent',
            field=models.BooleanField(default=False, verbose_name='for good'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='return_date',
            field=models.DateField(blank=True, null=True, verbose_name='back on'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='state',
            field=django_fsm.FSMField(choices=[('waiting', 'waits'), ('routed', 'dealt with')], default='waiting', editable=False, max_length=50, verbose_name='state'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='subclass',
            field=models.CharField(blank=True, max_length=24, verbose_name='more precisely'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='taken_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='taken up'),
        ),
        migrations.AddField(
            model_name='inboundmessage',
            name='words',
            field=models.CharField(blank=True, max_length=300, verbose_name='decisive words'),
        ),
        migrations.AlterField(
            model_name='inboundmessage',
            name='verdict',
            field=models.CharField(choices=[('positive', 'positive'), ('neutral', 'neutral'), ('negative', 'negative'), ('opt_out', 'opt-out'), ('auto_reply', 'automatic answer'), ('bounce', 'bounce'), ('complaint', 'complaint'), ('other', 'something else')], max_length=20, verbose_name='verdict'),
        ),
        migrations.AddIndex(
            model_name='inboundmessage',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['id'], name='inbox_waiting'),
        ),
        migrations.AddIndex(
            model_name='inboundmessage',
            index=models.Index(condition=models.Q(('state', 'routed'), ('taken_at__isnull', True)), fields=['id'], name='inbox_not_taken'),
        ),
        migrations.RunPython(split, join),
    ]
