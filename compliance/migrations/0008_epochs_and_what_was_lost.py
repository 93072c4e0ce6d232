"""The epoch of a database, the hosts that keep a journal of it, and what comes back from a journal after a restore."""

import compliance.models.installation
from django.db import migrations, models

from compliance import append_only

KEPT = {
    "compliance_loststep": (),
    "compliance_halt": (
        *("state", "move_token", "asked_by", "asked_person", "asked_at"),
        *("confirmed_by", "confirmed_person", "lifted_at"),
    ),
}


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, KEPT)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, KEPT)


def release_halts(apps, schema_editor):
    append_only.remove(schema_editor.connection, {"compliance_halt": ()})


def keep_halts(apps, schema_editor):
    append_only.install(schema_editor.connection, {"compliance_halt": KEPT["compliance_halt"]})


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0007_companies_are_merged'),
    ]

    operations = [
        # The triggers name the columns of the table, and SQLite may rebuild it.
        migrations.RunPython(release_halts, keep_halts),
        migrations.CreateModel(
            name='JournalHost',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True, verbose_name='name')),
                ('epoch', models.CharField(blank=True, max_length=40, verbose_name='epoch')),
                ('life', models.CharField(blank=True, editable=False, max_length=80, verbose_name='compared with')),
                ('highest', models.BigIntegerField(default=0, verbose_name='has seen number')),
                ('joined_at', models.DateTimeField(verbose_name='since')),
                ('seen_at', models.DateTimeField(null=True, verbose_name='last seen')),
                ('retired_at', models.DateTimeField(blank=True, null=True, verbose_name='declared gone')),
            ],
            options={
                'verbose_name': 'host that keeps a journal',
                'verbose_name_plural': 'hosts that keep a journal',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='LostStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order_no', models.BigIntegerField(unique=True, verbose_name='order')),
                ('card', models.CharField(max_length=32, verbose_name='digest of the widest spelling')),
                ('series', models.CharField(max_length=80, verbose_name='sequence')),
                ('step', models.PositiveSmallIntegerField(verbose_name='step')),
            ],
            options={
                'verbose_name': 'step sent before a restore',
                'verbose_name_plural': 'steps sent before a restore',
            },
        ),
        migrations.AddField(
            model_name='halt',
            name='origin',
            field=models.JSONField(editable=False, null=True, verbose_name='came back from the journal'),
        ),
        migrations.AddField(
            model_name='installation',
            name='epoch',
            field=models.CharField(default=compliance.models.installation.first_epoch, editable=False, max_length=40, verbose_name='epoch'),
        ),
        migrations.AddField(
            model_name='personkey',
            name='replayed_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='taken back from the journal'),
        ),
        migrations.AddIndex(
            model_name='personkey',
            index=models.Index(condition=models.Q(('replayed_at__isnull', False)), fields=['id'], name='persons_to_follow'),
        ),
        migrations.AddIndex(
            model_name='loststep',
            index=models.Index(fields=['card'], name='lost_step_by_card'),
        ),
        migrations.RunPython(keep, release),
    ]
