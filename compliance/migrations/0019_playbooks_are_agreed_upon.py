"""A version of the playbook waits for the CMO and the CRO; which one decides is a row of its own."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

from compliance import append_only

KEPT = {"compliance_playbookversion": ()}


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, KEPT)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, KEPT)


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0018_sending_domains_are_looked_at'),
    ]

    operations = [
        # The triggers name the columns of the table, and SQLite may rebuild it; the next migration puts them back.
        migrations.RunPython(release, keep),
        migrations.CreateModel(
            name='PlaybookActivation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('by', models.CharField(max_length=80, verbose_name='by')),
                ('agreed', models.BooleanField(verbose_name='agreed')),
            ],
            options={
                'verbose_name': 'beginning of a playbook',
                'verbose_name_plural': 'beginnings of playbooks',
            },
        ),
        migrations.CreateModel(
            name='PlaybookSignature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('cmo', 'CMO'), ('cro', 'CRO')], max_length=3, verbose_name='role')),
                ('digest', models.CharField(max_length=64, verbose_name='digest signed')),
                ('signed_by', models.CharField(max_length=80, verbose_name='signed by')),
                ('person', models.CharField(max_length=32)),
                ('at', models.DateTimeField(verbose_name='at')),
                ('comment', models.CharField(blank=True, max_length=500, verbose_name='comment')),
            ],
            options={
                'verbose_name': 'signature on a playbook',
                'verbose_name_plural': 'signatures on playbooks',
            },
        ),
        migrations.AlterModelOptions(
            name='playbookversion',
            options={'permissions': [('sign_playbook_cmo', 'Can sign a playbook (CMO)'), ('sign_playbook_cro', 'Can sign a playbook (CRO)'), ('reject_playbookversion', 'Can reject a playbook that waits for signatures')], 'verbose_name': 'playbook version', 'verbose_name_plural': 'playbook'},
        ),
        migrations.AddField(
            model_name='playbookversion',
            name='loaded_by',
            field=models.CharField(blank=True, default='', editable=False, max_length=80, verbose_name='loaded by'),
        ),
        migrations.AddField(
            model_name='playbookversion',
            name='loaded_person',
            field=models.CharField(blank=True, default='', editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name='playbookversion',
            name='move_token',
            field=models.CharField(blank=True, default='', editable=False, max_length=16),
        ),
        migrations.AddField(
            model_name='playbookversion',
            name='state',
            field=django_fsm.FSMField(choices=[('draft', 'waits for the CMO'), ('cmo_signed', 'waits for the CRO'), ('in_force', 'in force'), ('former', 'no longer in force'), ('rejected', 'rejected')], default='draft', editable=False, max_length=50, verbose_name='state'),
        ),
        migrations.AddConstraint(
            model_name='playbookversion',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'in_force')), fields=('state',), name='one_playbook_in_force'),
        ),
        migrations.AddField(
            model_name='playbookactivation',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='activations', to='compliance.playbookversion', verbose_name='version'),
        ),
        migrations.AddField(
            model_name='playbooksignature',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to='compliance.playbookversion', verbose_name='version'),
        ),
        migrations.AddConstraint(
            model_name='playbooksignature',
            constraint=models.UniqueConstraint(fields=('version', 'role'), name='one_playbook_signature_a_role'),
        ),
        migrations.AddConstraint(
            model_name='playbooksignature',
            constraint=models.UniqueConstraint(fields=('version', 'person'), name='playbook_signed_by_two_people'),
        ),
        migrations.AddConstraint(
            model_name='playbooksignature',
            constraint=models.CheckConstraint(condition=models.Q(('person', ''), _negated=True), name='playbook_signed_by_a_person'),
        ),
    ]
