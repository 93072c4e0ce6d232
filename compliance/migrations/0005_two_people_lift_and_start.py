"""The database compares what a lift says with the stop it lifts, and refuses to rewrite halts, incidents and lifts."""

from django.db import migrations

from compliance import append_only

TABLES = {
    "compliance_optin": (),
    "compliance_lift": (),
    "compliance_liftrequest": ("state", "move_token", "decided_by", "decided_person", "decided_at"),
    "compliance_halt": (
        *("state", "move_token", "asked_by", "asked_person", "asked_at"),
        *("confirmed_by", "confirmed_person", "lifted_at"),
    ),
    "compliance_incident": (
        *("state", "move_token", "review", "reviewed_by", "reviewed_at"),
        *("cause", "remedy", "closed_by", "closed_at"),
    ),
}
# A lift repeats the strength of its stop; its opt-in is younger than the stop, and of the person or address stopped.
UNTRUE = """
NEW.strength <> (SELECT s.strength FROM compliance_suppression s WHERE s.id = NEW.stop_id)
OR (NEW.opt_in_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM compliance_optin o JOIN compliance_suppression s ON s.id = NEW.stop_id
    WHERE o.id = NEW.opt_in_id AND o.order_no > s.order_no AND (
        o.person = s.person
        OR EXISTS (SELECT 1 FROM compliance_personkey p WHERE p.id = s.person AND p.merged_into_id = o.person)
        OR EXISTS (SELECT 1 FROM compliance_suppressiondigest d WHERE d.suppression_id = s.id AND d.digest = o.digest)
    )
))
"""
SAID = "a lift needs the strength of its stop and a younger opt-in of the same person"
POSTGRESQL = (
    f"""
CREATE FUNCTION handoff_lift_is_true() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {UNTRUE} THEN RAISE EXCEPTION '{SAID}' USING ERRCODE = 'restrict_violation'; END IF;
    RETURN NEW;
END $$
""",
    "CREATE TRIGGER compliance_lift_is_true BEFORE INSERT ON compliance_lift "
    "FOR EACH ROW EXECUTE FUNCTION handoff_lift_is_true()",
)
SQLITE = (
    f"CREATE TRIGGER compliance_lift_is_true BEFORE INSERT ON compliance_lift WHEN {UNTRUE} "
    f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END",
)


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, TABLES)
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement.replace("%", "%%"))


def release(apps, schema_editor):
    append_only.remove(schema_editor.connection, TABLES)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER compliance_lift_is_true ON compliance_lift")
        schema_editor.execute("DROP FUNCTION handoff_lift_is_true()")
    else:
        schema_editor.execute("DROP TRIGGER compliance_lift_is_true")


class Migration(migrations.Migration):
    dependencies = [("compliance", "0004_the_ledger_and_the_door")]
    operations = [migrations.RunPython(keep, release)]
