"""Halts, incidents, lifted stops, signs of life, keys of persons; what stops, touches and entries say besides."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

from compliance import append_only

KEPT = {
    "compliance_auditentry": ("sealed",),
    "compliance_suppression": ("taken_at", "journaled_at"),
    "compliance_touch": (),
}
MARK = """
UPDATE compliance_auditentry SET sealed = true
WHERE EXISTS (SELECT 1 FROM compliance_auditseal s WHERE s.entry_id = compliance_auditentry.id)
"""


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, KEPT)


def keep_as_before(apps, schema_editor):
    append_only.install(schema_editor.connection, {**dict.fromkeys(KEPT, ()), "compliance_suppression": ("taken_at",)})


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, KEPT)


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0003_a_touch_for_each_attempt'),
    ]

    operations = [
        # SQLite rebuilds the tables, and with them would go the triggers.
        migrations.RunPython(release, keep_as_before),
        migrations.CreateModel(
            name='Halt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order_no', models.BigIntegerField(unique=True, verbose_name='order')),
                ('at', models.DateTimeField(verbose_name='since')),
                ('scope', models.CharField(max_length=120, verbose_name='what stands still')),
                ('kind', models.CharField(choices=[('kill_switch', 'kill switch'), ('breaker', 'breaker'), ('incident', 'incident')], max_length=20, verbose_name='kind')),
                ('reason', models.CharField(max_length=500, verbose_name='because')),
                ('code', models.CharField(blank=True, max_length=40, verbose_name='code')),
                ('placed_by', models.CharField(max_length=80, verbose_name='placed by')),
                ('state', django_fsm.FSMField(choices=[('standing', 'stands'), ('start_asked', 'start asked for'), ('lifted', 'lifted')], default='standing', editable=False, max_length=50, verbose_name='state')),
                ('move_token', models.CharField(blank=True, editable=False, max_length=16)),
                ('asked_by', models.CharField(blank=True, editable=False, max_length=80, verbose_name='start asked for by')),
                ('asked_person', models.CharField(blank=True, editable=False, max_length=32)),
                ('asked_at', models.DateTimeField(editable=False, null=True, verbose_name='start asked for')),
                ('confirmed_by', models.CharField(blank=True, editable=False, max_length=80, verbose_name='start confirmed by')),
                ('confirmed_person', models.CharField(blank=True, editable=False, max_length=32)),
                ('lifted_at', models.DateTimeField(editable=False, null=True, verbose_name='lifted')),
            ],
            options={
                'verbose_name': 'halt',
                'verbose_name_plural': 'halts',
                'permissions': [('place_halt', 'Can stop sending'), ('start_halt', 'Can start again what was stopped, with a second person')],
            },
        ),
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('web_host', 'web host, spool empty'), ('canary', 'unsubscribe link, from outside'), ('inbox', 'inbox read'), ('once', 'done once')], max_length=20, verbose_name='kind')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('at', models.DateTimeField(verbose_name='last seen')),
                ('detail', models.CharField(blank=True, max_length=200, verbose_name='detail')),
                ('retired_at', models.DateTimeField(blank=True, null=True, verbose_name='retired')),
            ],
            options={
                'verbose_name': 'sign of life',
                'verbose_name_plural': 'signs of life',
            },
        ),
        migrations.CreateModel(
            name='Incident',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause_key', models.CharField(editable=False, max_length=160, unique=True, verbose_name='caused by')),
                ('kind', models.CharField(choices=[('sent_after_stop', 'mailed somebody who had opted out'), ('promise_broken', 'a guarantee does not hold'), ('bounces', 'too many addresses that do not exist'), ('complaints', 'too many complaints'), ('brand', 'harm to the brand'), ('other', 'other')], max_length=20, verbose_name='kind')),
                ('severity', models.PositiveSmallIntegerField(choices=[(1, 'SEV1'), (2, 'SEV2'), (3, 'SEV3')], verbose_name='severity')),
                ('title', models.CharField(max_length=200, verbose_name='what happened')),
                ('facts', models.JSONField(blank=True, default=dict, verbose_name='facts')),
                ('opened_at', models.DateTimeField(verbose_name='opened')),
                ('opened_by', models.CharField(max_length=80, verbose_name='opened by')),
                ('assigned_to', models.CharField(default='legal', max_length=40, verbose_name='assigned to')),
                ('state', django_fsm.FSMField(choices=[('open', 'open'), ('reviewed', 'reviewed by legal'), ('closed', 'closed')], default='open', editable=False, max_length=50, verbose_name='state')),
                ('move_token', models.CharField(blank=True, editable=False, max_length=16)),
                ('review', models.TextField(blank=True, editable=False, verbose_name='legal review')),
                ('reviewed_by', models.CharField(blank=True, editable=False, max_length=80, verbose_name='reviewed by')),
                ('reviewed_at', models.DateTimeField(editable=False, null=True, verbose_name='reviewed')),
                ('cause', models.TextField(blank=True, editable=False, verbose_name='cause')),
                ('remedy', models.TextField(blank=True, editable=False, verbose_name='remedy')),
                ('closed_by', models.CharField(blank=True, editable=False, max_length=80, verbose_name='closed by')),
                ('closed_at', models.DateTimeField(editable=False, null=True, verbose_name='closed')),
            ],
            options={
                'verbose_name': 'incident',
                'verbose_name_plural': 'incidents',
                'permissions': [('open_incident', 'Can open an incident'), ('review_incident', 'Can review an incident (legal)'), ('close_incident', 'Can close a reviewed incident')],
            },
        ),
        migrations.CreateModel(
            name='Lift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order_no', models.BigIntegerField(unique=True, verbose_name='order')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('strength', models.PositiveSmallIntegerField(choices=[(80, 'complaint'), (70, 'legal demand'), (60, 'opt-out'), (50, 'erasure'), (40, 'hard bounce'), (30, 'left the company'), (20, 'repeated soft bounce'), (10, 'entered by hand')], verbose_name='strength')),
                ('reason', models.CharField(max_length=500, verbose_name='because')),
                ('entered_by', models.CharField(max_length=80, verbose_name='entered by')),
                ('entered_person', models.CharField(max_length=32)),
                ('confirmed_by', models.CharField(blank=True, max_length=80, verbose_name='confirmed by')),
                ('confirmed_person', models.CharField(blank=True, max_length=32)),
            ],
            options={
                'verbose_name': 'lifted stop',
                'verbose_name_plural': 'lifted stops',
            },
        ),
        migrations.CreateModel(
            name='LiftRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=500, verbose_name='because')),
                ('state', django_fsm.FSMField(choices=[('asked', 'waits for a second person'), ('confirmed', 'lifted'), ('declined', 'declined')], default='asked', editable=False, max_length=50, verbose_name='state')),
                ('move_token', models.CharField(blank=True, editable=False, max_length=16)),
                ('asked_by', models.CharField(editable=False, max_length=80, verbose_name='asked by')),
                ('asked_person', models.CharField(editable=False, max_length=32)),
                ('asked_at', models.DateTimeField(editable=False, verbose_name='asked')),
                ('decided_by', models.CharField(blank=True, editable=False, max_length=80, verbose_name='decided by')),
                ('decided_person', models.CharField(blank=True, editable=False, max_length=32)),
                ('decided_at', models.DateTimeField(editable=False, null=True, verbose_name='decided')),
            ],
            options={
                'verbose_name': 'request to lift a stop',
                'verbose_name_plural': 'requests to lift stops',
                'permissions': [('ask_lift', 'Can ask that a stop be lifted'), ('confirm_lift', 'Can confirm that a stop is lifted')],
            },
        ),
        migrations.CreateModel(
            name='OptIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order_no', models.BigIntegerField(unique=True, verbose_name='order')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('person', models.UUIDField(db_index=True, verbose_name='person')),
                ('digest', models.CharField(max_length=32, verbose_name='digest of the address')),
                ('way', models.CharField(choices=[('form', 'form they filled in'), ('written', 'mail or letter of theirs'), ('in_person', 'told us in person')], max_length=20, verbose_name='how')),
                ('wording', models.CharField(max_length=4000, verbose_name='what they were shown or said, sealed')),
                ('source', models.CharField(max_length=200, verbose_name='where the proof is kept')),
                ('recorded_by', models.CharField(max_length=80, verbose_name='recorded by')),
            ],
            options={
                'verbose_name': 'opt-in',
                'verbose_name_plural': 'opt-ins',
                'permissions': [('record_optin', "Can record a person's own opt-in")],
            },
        ),
        migrations.CreateModel(
            name='SubjectKey',
            fields=[
                ('person', models.UUIDField(primary_key=True, serialize=False, verbose_name='person')),
                ('wrapped', models.CharField(max_length=200, verbose_name='key, wrapped')),
                ('created_at', models.DateTimeField(verbose_name='since')),
            ],
            options={
                'verbose_name': 'key of a person',
                'verbose_name_plural': 'keys of persons',
            },
        ),
        migrations.AlterModelOptions(
            name='installation',
            options={'permissions': [('arm_installation', 'Can arm this installation after a restore'), ('disarm_installation', 'Can disarm this installation')], 'verbose_name': 'installation', 'verbose_name_plural': 'installation'},
        ),
        migrations.AddField(
            model_name='auditentry',
            name='sealed',
            field=models.BooleanField(default=False, editable=False, verbose_name='sealed'),
        ),
        migrations.AddField(
            model_name='installation',
            name='disarmed_because',
            field=models.CharField(blank=True, editable=False, max_length=200, verbose_name='disarmed because'),
        ),
        migrations.AddField(
            model_name='installation',
            name='move_token',
            field=models.CharField(blank=True, editable=False, max_length=16),
        ),
        migrations.AddField(
            model_name='installation',
            name='state',
            field=django_fsm.FSMField(choices=[('armed', 'armed'), ('disarmed', 'disarmed')], default='armed', editable=False, max_length=50, verbose_name='state'),
        ),
        migrations.AddField(
            model_name='personkey',
            name='merged_into',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='absorbed', to='compliance.personkey', verbose_name='is now'),
        ),
        migrations.AddField(
            model_name='suppression',
            name='account',
            field=models.CharField(blank=True, max_length=40, verbose_name='company'),
        ),
        migrations.AddField(
            model_name='suppression',
            name='journaled_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='in the journal since'),
        ),
        migrations.AddField(
            model_name='touch',
            name='mailbox',
            field=models.CharField(blank=True, max_length=40, verbose_name='mailbox'),
        ),
        migrations.AddField(
            model_name='touch',
            name='opening',
            field=models.BooleanField(default=False, verbose_name='first message to this person'),
        ),
        migrations.AlterField(
            model_name='suppression',
            name='reason',
            field=models.CharField(choices=[('unsubscribe_link', 'unsubscribe link'), ('one_click', 'one-click unsubscribe'), ('mailto', 'mail to the unsubscribe address'), ('replied', 'asked for it in a reply'), ('imported', 'opted out in an imported file'), ('by_phone', 'told us in person'), ('legal_demand', 'legal demand'), ('blocked_us', 'their server says they blocked us'), ('no_such_address', 'the address does not exist'), ('by_hand', 'entered by staff'), ('complaint', 'complained'), ('erased', 'asked to be erased'), ('by_api', 'told by another system'), ('left_company', 'left the company'), ('soft_bounces', 'could not be delivered again and again'), ('canary', 'trial of the unsubscribe link')], max_length=30, verbose_name='reason'),
        ),
        migrations.AlterField(
            model_name='suppression',
            name='scope',
            field=models.CharField(choices=[('person', 'this person'), ('domain', 'everybody at the domain'), ('company', 'everybody at the company')], default='person', max_length=10, verbose_name='scope'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(condition=models.Q(('sealed', False)), fields=['id'], name='audit_not_sealed'),
        ),
        migrations.AddIndex(
            model_name='suppression',
            index=models.Index(condition=models.Q(('journaled_at__isnull', True)), fields=['id'], name='stops_not_journaled'),
        ),
        migrations.AddIndex(
            model_name='suppression',
            index=models.Index(condition=models.Q(('account', ''), _negated=True), fields=['account'], name='stop_by_account'),
        ),
        migrations.AddIndex(
            model_name='touch',
            index=models.Index(condition=models.Q(('opening', True)), fields=['mailbox', 'at'], name='new_people_by_mailbox'),
        ),
        migrations.AddConstraint(
            model_name='heartbeat',
            constraint=models.UniqueConstraint(fields=('kind', 'name'), name='one_heartbeat'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(condition=models.Q(('state', 'closed'), _negated=True), fields=['severity'], name='incidents_open'),
        ),
        migrations.AddConstraint(
            model_name='incident',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'closed'), _negated=True), models.Q(models.Q(('review', ''), _negated=True), models.Q(('reviewed_by', ''), _negated=True), models.Q(('cause', ''), _negated=True), models.Q(('remedy', ''), _negated=True)), _connector='OR'), name='closed_with_review_cause_and_remedy', violation_error_message='An incident closes with a legal review, a cause and a remedy.'),
        ),
        migrations.AddField(
            model_name='halt',
            name='incident',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='halts', to='compliance.incident', verbose_name='incident'),
        ),
        migrations.AddField(
            model_name='lift',
            name='stop',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='lift', to='compliance.suppression', verbose_name='stop'),
        ),
        migrations.AddField(
            model_name='liftrequest',
            name='stop',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='compliance.suppression', verbose_name='stop'),
        ),
        migrations.AddField(
            model_name='liftrequest',
            name='opt_in',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='compliance.optin', verbose_name='opt-in'),
        ),
        migrations.AddField(
            model_name='lift',
            name='opt_in',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lifts', to='compliance.optin', verbose_name='opt-in'),
        ),
        migrations.AddIndex(
            model_name='halt',
            index=models.Index(condition=models.Q(('state', 'lifted'), _negated=True), fields=['scope'], name='halts_standing'),
        ),
        migrations.AddConstraint(
            model_name='halt',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'lifted'), _negated=True), fields=('scope', 'kind', 'code'), name='one_standing_halt'),
        ),
        migrations.AddConstraint(
            model_name='halt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'lifted'), _negated=True), models.Q(models.Q(('asked_person', ''), _negated=True), models.Q(('confirmed_person', ''), _negated=True), models.Q(('asked_person', models.F('confirmed_person')), _negated=True)), _connector='OR'), name='two_people_start', violation_error_message='Two different people start again what was stopped.'),
        ),
        migrations.AddConstraint(
            model_name='liftrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'asked')), fields=('stop',), name='one_open_request'),
        ),
        migrations.AddConstraint(
            model_name='lift',
            constraint=models.CheckConstraint(condition=models.Q(('strength__lt', 50), models.Q(('opt_in__isnull', False), models.Q(('entered_person', ''), _negated=True), models.Q(('confirmed_person', ''), _negated=True), models.Q(('entered_person', models.F('confirmed_person')), _negated=True)), _connector='OR'), name='lift_needs_opt_in_and_two'),
        ),
        migrations.AddConstraint(
            model_name='lift',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(('entered_person', ''), _negated=True)), name='lift_says_who_and_why'),
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        migrations.RunPython(keep, release),
    ]
