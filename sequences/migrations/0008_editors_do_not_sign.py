"""The database refuses a signature of anybody whom the log names as having written on what is signed."""

from typing import ClassVar

from django.db import migrations

_WROTE = """
EXISTS (
    SELECT 1 FROM compliance_auditentry e
    WHERE e.subject = NEW.subject AND e.actor = 'user:' || NEW.signer_id
    AND (e.verb LIKE '%.created' OR e.verb LIKE '%.edited' OR e.verb LIKE '%.rows_added')
)
"""
_PG = (
    """
CREATE FUNCTION handoff_editor_signs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF """
    + _WROTE
    + """ THEN
        RAISE EXCEPTION 'whoever wrote on % does not sign it', NEW.subject USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
""",
    "CREATE TRIGGER sequences_signature_editors BEFORE INSERT ON sequences_signature "
    "FOR EACH ROW EXECUTE FUNCTION handoff_editor_signs()",
)
_PG_BACK = (
    "DROP TRIGGER sequences_signature_editors ON sequences_signature",
    "DROP FUNCTION handoff_editor_signs()",
)
_SQLITE = (
    f"CREATE TRIGGER sequences_signature_editors BEFORE INSERT ON sequences_signature WHEN {_WROTE} "
    "BEGIN SELECT RAISE(ABORT, 'whoever wrote on this does not sign it'); END",
)
_SQLITE_BACK = ("DROP TRIGGER sequences_signature_editors",)


def keep(apps, schema_editor):
    _run(schema_editor, _PG, _SQLITE)


def release(apps, schema_editor):
    _run(schema_editor, _PG_BACK, _SQLITE_BACK)


def _run(schema_editor, on_postgres, on_sqlite):
    with schema_editor.connection.cursor() as cursor:
        for statement in on_postgres if schema_editor.connection.vendor == "postgresql" else on_sqlite:
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("sequences", "0007_companies_are_merged"),
        ("compliance", "0005_two_people_lift_and_start"),
    ]

    operations: ClassVar = [migrations.RunPython(keep, release)]
