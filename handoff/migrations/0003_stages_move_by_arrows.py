"""The database itself keeps the ladder: a stage changes only under a mark of `move()` and with its record (spec L1, L6).

On PostgreSQL the record is asked for at the end of the transaction; SQLite has no such trigger, the mark holds there.
What was judged, heard and taken is only added to.
"""

from django.db import migrations

from compliance import append_only

# Free is what may name somebody: erasing a person empties it.
KEPT = {
    "handoff_stagemove": ("notes", "grounds"),
    "handoff_finding": ("value", "evidence"),
    "handoff_signal": ("note",),
}

_PG = (
    """
CREATE OR REPLACE FUNCTION handoff_lead_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.stage <> 'prospect' THEN
            RAISE EXCEPTION 'a lead begins as a prospect' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF NEW.stage <> OLD.stage AND (NEW.move_token = '' OR NEW.move_token = OLD.move_token) THEN
        RAISE EXCEPTION 'a stage changes by an arrow only' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
""",
    """
CREATE OR REPLACE FUNCTION handoff_lead_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.stage <> OLD.stage AND NOT EXISTS (
        SELECT 1 FROM handoff_stagemove m
        WHERE m.lead_id = NEW.id AND m.token = NEW.move_token AND m.was = OLD.stage AND m.became = NEW.stage
    ) THEN
        RAISE EXCEPTION 'an arrow was taken without its record' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
""",
    "CREATE TRIGGER handoff_lead_moves BEFORE INSERT OR UPDATE ON handoff_lead "
    "FOR EACH ROW EXECUTE FUNCTION handoff_lead_moves()",
    "CREATE CONSTRAINT TRIGGER handoff_lead_recorded AFTER UPDATE ON handoff_lead "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION handoff_lead_recorded()",
)
_PG_OFF = (
    "DROP TRIGGER IF EXISTS handoff_lead_recorded ON handoff_lead",
    "DROP TRIGGER IF EXISTS handoff_lead_moves ON handoff_lead",
    "DROP FUNCTION IF EXISTS handoff_lead_recorded()",
    "DROP FUNCTION IF EXISTS handoff_lead_moves()",
)
_SQLITE = (
    """
CREATE TRIGGER handoff_lead_begins BEFORE INSERT ON handoff_lead WHEN NEW.stage <> 'prospect'
BEGIN SELECT RAISE(ABORT, 'a lead begins as a prospect'); END
""",
    """
CREATE TRIGGER handoff_lead_moves BEFORE UPDATE ON handoff_lead
WHEN NEW.stage <> OLD.stage AND (NEW.move_token = '' OR NEW.move_token = OLD.move_token)
BEGIN SELECT RAISE(ABORT, 'a stage changes by an arrow only'); END
""",
)
_SQLITE_OFF = ("DROP TRIGGER IF EXISTS handoff_lead_moves", "DROP TRIGGER IF EXISTS handoff_lead_begins")


def keep(apps, schema_editor):
    append_only.install(schema_editor.connection, KEPT)
    _run(schema_editor, _PG, _SQLITE)


def release(apps, schema_editor):
    _run(schema_editor, _PG_OFF, _SQLITE_OFF)
    append_only.remove(schema_editor.connection, KEPT)


def _run(schema_editor, postgresql, sqlite):
    for line in postgresql if schema_editor.connection.vendor == "postgresql" else sqlite:
        schema_editor.execute(line)


class Migration(migrations.Migration):
    dependencies = [("handoff", "0002_the_ladder")]
    operations = [migrations.RunPython(keep, release)]
