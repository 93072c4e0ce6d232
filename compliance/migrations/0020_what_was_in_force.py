"""Every version that was ever loaded was in force from then on; what begins without signatures is held to its rules."""

from django.db import migrations

from compliance import append_only

TABLES = {
    "compliance_playbookversion": ("state", "move_token"),
    "compliance_playbooksignature": (),
    "compliance_playbookactivation": (),
}
# A signature is on what the version says, by somebody who did not load it.
SIGNATURE = """
NOT EXISTS (
    SELECT 1 FROM compliance_playbookversion v
    WHERE v.id = NEW.version_id AND v.digest = NEW.digest AND v.loaded_person <> NEW.person
)
"""
# What says that it is agreed has both signatures; what has not begins only while nothing has ever been agreed.
ACTIVATION = """
(CASE WHEN NEW.agreed
THEN (SELECT COUNT(*) FROM compliance_playbooksignature s WHERE s.version_id = NEW.version_id) < 2
ELSE EXISTS (SELECT 1 FROM compliance_playbookactivation a WHERE a.agreed) END)
"""
TRUE = {
    "compliance_playbooksignature": (SIGNATURE, "a playbook is signed as it stands, by somebody who did not load it"),
    "compliance_playbookactivation": (ACTIVATION, "a playbook begins with the signatures of CMO and CRO"),
}
POSTGRESQL = (
    """
CREATE FUNCTION {table}_true() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {untrue} THEN RAISE EXCEPTION '{said}' USING ERRCODE = 'restrict_violation'; END IF;
    RETURN NEW;
END $$
""",
    "CREATE TRIGGER {table}_is_true BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_true()",
)
SQLITE = (
    "CREATE TRIGGER {table}_is_true BEFORE INSERT ON {table} WHEN {untrue} BEGIN SELECT RAISE(ABORT, '{said}'); END",
)


def take_over(apps, schema_editor):
    versions = apps.get_model("compliance", "PlaybookVersion").objects.order_by("number")
    begun = [(row.pk, row.created_at) for row in versions.only("created_at")]
    table = apps.get_model("compliance", "PlaybookActivation").objects
    table.bulk_create(table.model(version_id=pk, at=at, by="system", agreed=False) for pk, at in begun)
    versions.order_by().update(state="former")
    if begun:
        versions.filter(pk=begun[-1][0]).order_by().update(state="in_force")
    # PostgreSQL makes no trigger on a table while checks of it are outstanding.
    schema_editor.connection.check_constraints()


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, TABLES)
    for table, (untrue, said) in TRUE.items():
        for line in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
            schema_editor.execute(line.format(table=table, untrue=untrue, said=said))


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, TABLES)
    for table in TRUE:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {table}_is_true ON {table}")
            schema_editor.execute(f"DROP FUNCTION {table}_true()")
        else:
            schema_editor.execute(f"DROP TRIGGER {table}_is_true")


class Migration(migrations.Migration):
    dependencies = [("compliance", "0019_playbooks_are_agreed_upon")]
    operations = [
        migrations.RunPython(take_over, migrations.RunPython.noop),
        migrations.RunPython(keep, release),
    ]
