"""Sending domains, and every look at their records, which is kept for good."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from compliance import append_only

KEPT = {"compliance_domaincheck": ()}


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, KEPT)


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, KEPT)


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0017_people_are_held'),
    ]

    operations = [
        migrations.CreateModel(
            name='SendingDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(editable=False, max_length=253, unique=True, verbose_name='domain')),
                ('selectors', models.CharField(blank=True, help_text='What stands as s= in the DKIM-Signature of a message sent from here; several with a blank.', max_length=300, validators=[django.core.validators.RegexValidator('\\A[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?){0,3}( [A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?){0,3}){0,4}\\Z', 'One to five selectors, with a blank between them.')], verbose_name='DKIM selectors')),
                ('verdict', models.CharField(choices=[('passes', 'passes'), ('fails', 'fails'), ('unknown', 'no answer')], default='unknown', editable=False, max_length=8, verbose_name='verdict')),
                ('findings', models.JSONField(default=list, editable=False, verbose_name='findings')),
                ('checked_at', models.DateTimeField(editable=False, null=True, verbose_name='last asked')),
                ('decided_at', models.DateTimeField(editable=False, null=True, verbose_name='last answered')),
                ('failed_at', models.DateTimeField(editable=False, null=True, verbose_name='began to fail')),
                ('created_at', models.DateTimeField(editable=False, verbose_name='since')),
            ],
            options={
                'verbose_name': 'sending domain',
                'verbose_name_plural': 'sending domains',
                'ordering': ['domain'],
                'permissions': [('check_sendingdomain', 'Can have the records of a sending domain looked at now')],
            },
        ),
        migrations.CreateModel(
            name='DomainCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('verdict', models.CharField(choices=[('passes', 'passes'), ('fails', 'fails'), ('unknown', 'no answer')], max_length=8, verbose_name='verdict')),
                ('selectors', models.CharField(blank=True, max_length=300, verbose_name='DKIM selectors')),
                ('findings', models.JSONField(default=list, verbose_name='findings')),
                ('domain', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='compliance.sendingdomain', verbose_name='domain')),
            ],
            options={
                'verbose_name': 'check of a domain',
                'verbose_name_plural': 'checks of domains',
                'indexes': [models.Index(fields=['domain', '-at'], name='domain_checks_latest')],
            },
        ),
        migrations.RunPython(keep, release),
    ]
