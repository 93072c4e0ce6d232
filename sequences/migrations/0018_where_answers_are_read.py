"""Where what comes back to a mailbox is read, and how far it has been."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sequences', '0017_what_the_machine_has_looked_at'),
    ]

    operations = [
        migrations.CreateModel(
            name='Inbox',
            fields=[
                ('mailbox', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='inbox', serialize=False, to='sequences.mailbox', verbose_name='mailbox')),
                ('since', models.DateField(editable=False, verbose_name='mail since')),
                ('read_at', models.DateTimeField(editable=False, null=True, verbose_name='last read')),
                ('error', models.CharField(blank=True, editable=False, max_length=300, verbose_name='last error')),
                ('failed_at', models.DateTimeField(editable=False, null=True, verbose_name='failed')),
                ('failures', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('leased_until', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'verbose_name': 'inbox',
                'verbose_name_plural': 'inboxes',
            },
        ),
        migrations.AddField(
            model_name='mailbox',
            name='imap_folders',
            field=models.CharField(default='INBOX', max_length=500, verbose_name='folders'),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='imap_host',
            field=models.CharField(blank=True, max_length=253, verbose_name='IMAP server'),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='imap_port',
            field=models.PositiveIntegerField(default=993, verbose_name='IMAP port'),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='imap_secret',
            field=models.TextField(blank=True, editable=False, verbose_name='password for reading, encrypted'),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='imap_security',
            field=models.CharField(choices=[('plain', 'none (this machine only)'), ('starttls', 'STARTTLS'), ('tls', 'TLS')], default='tls', max_length=10, verbose_name='encryption of reading'),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='imap_username',
            field=models.CharField(blank=True, max_length=254, verbose_name='user name for reading'),
        ),
        migrations.CreateModel(
            name='InboxFolder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='folder')),
                ('validity', models.BigIntegerField(default=0, editable=False, verbose_name='UIDVALIDITY')),
                ('last_uid', models.BigIntegerField(default=0, editable=False, verbose_name='read up to')),
                ('inbox', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='folders', to='sequences.inbox', verbose_name='inbox')),
            ],
            options={
                'verbose_name': 'folder of an inbox',
                'verbose_name_plural': 'folders of inboxes',
                'constraints': [models.UniqueConstraint(fields=('inbox', 'name'), name='one_row_per_folder')],
            },
        ),
    ]
