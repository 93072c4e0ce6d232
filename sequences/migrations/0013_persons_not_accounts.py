"""The database refuses a signature of a second account of whoever wrote on what is signed: persons are compared.

Two accounts are one person when their e-mail addresses are, but for case, a plus tag and the dots of Gmail: what
`compliance.addresses.same_person` says of plain addresses, in SQL. On SQLite a table that a trigger names cannot be made
anew: before a migration of `auth` that changes the users, `release` has to run, and `keep` after it.
"""

from typing import ClassVar

from django.db import migrations


def _person(of: str, position: str) -> str:
    mail = f"lower(trim({of}.email))"
    at = f"{position}({mail}, '@')"
    local, domain = f"substr({mail}, 1, {at} - 1)", f"substr({mail}, {at} + 1)"
    plus = f"{position}({local}, '+')"
    base = f"CASE WHEN {plus} > 1 THEN substr({local}, 1, {plus} - 1) ELSE {local} END"
    widest = (
        f"CASE WHEN {domain} IN ('gmail.com', 'googlemail.com') THEN replace({base}, '.', '') || '@gmail.com' "
        f"ELSE {base} || '@' || {domain} END"
    )
    return f"(CASE WHEN {at} > 1 THEN {widest} ELSE nullif({mail}, '') END)"


def _wrote(position: str) -> str:
    return f"""
EXISTS (
    SELECT 1 FROM auth_user s JOIN auth_user w
    ON w.id = s.id OR {_person("w", position)} = {_person("s", position)}
    WHERE s.id = NEW.signer_id AND (w.id = NEW.author_id OR EXISTS (
        SELECT 1 FROM compliance_auditentry e
        WHERE e.subject = NEW.subject AND e.actor = 'user:' || w.id
        AND (e.verb LIKE '%.created' OR e.verb LIKE '%.edited' OR e.verb LIKE '%.rows_added')
    ))
)
"""


_BEFORE = """
EXISTS (
    SELECT 1 FROM compliance_auditentry e
    WHERE e.subject = NEW.subject AND e.actor = 'user:' || NEW.signer_id
    AND (e.verb LIKE '%.created' OR e.verb LIKE '%.edited' OR e.verb LIKE '%.rows_added')
)
"""


def _statements(vendor: str, wrote: str) -> tuple[str, ...]:
    if vendor == "postgresql":
        return (
            f"""
CREATE OR REPLACE FUNCTION handoff_editor_signs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {wrote} THEN
        RAISE EXCEPTION 'whoever wrote on % does not sign it', NEW.subject USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
""",
        )
    return (
        "DROP TRIGGER sequences_signature_editors",
        f"CREATE TRIGGER sequences_signature_editors BEFORE INSERT ON sequences_signature WHEN {wrote} "
        "BEGIN SELECT RAISE(ABORT, 'whoever wrote on this does not sign it'); END",
    )


def keep(apps, schema_editor):
    _run(schema_editor, _wrote("strpos" if schema_editor.connection.vendor == "postgresql" else "instr"))


def release(apps, schema_editor):
    _run(schema_editor, _BEFORE)


def _run(schema_editor, wrote: str) -> None:
    with schema_editor.connection.cursor() as cursor:
        for statement in _statements(schema_editor.connection.vendor, wrote):
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("sequences", "0012_senders_are_signed"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations: ClassVar = [migrations.RunPython(keep, release)]
