"""The database itself refuses to rewrite the ledger, and draws the order between stops and clearances."""

from django.db import migrations

from compliance import append_only

TABLES = {
    "compliance_auditentry": (),
    "compliance_auditseal": (),
    "compliance_suppression": ("taken_at",),
    "compliance_suppressiondigest": (),
    "compliance_decision": (),
    "compliance_touch": (),
    "compliance_playbookversion": (),
}


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, TABLES)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE SEQUENCE compliance_order")
    else:
        schema_editor.execute("CREATE TABLE compliance_order (value integer NOT NULL)")
        schema_editor.execute("INSERT INTO compliance_order (value) VALUES (0)")


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, TABLES)
    kind = "SEQUENCE" if schema_editor.connection.vendor == "postgresql" else "TABLE"
    schema_editor.execute(f"DROP {kind} compliance_order")


class Migration(migrations.Migration):
    dependencies = [("compliance", "0001_initial")]
    operations = [migrations.RunPython(keep, release)]
