"""An index of the permissions that hold a no, which is empty: the promise that there are none is asked in no time."""

from django.db import migrations

# Word for word the conditions of compliance.invariants.PERMITTED_AGAINST_A_RULE, or the index would not be used.
INDEX = """
CREATE INDEX permitted_against_a_rule ON compliance_decision (order_no)
WHERE outcome = 'permit' AND order_no > 0 AND (code <> '' OR {none} OR {no})
"""
SAID = {
    "postgresql": {
        "none": "verdicts = '[]'",
        "no": """verdicts @> '[{"outcome": "refuse"}]' OR verdicts @> '[{"outcome": "defer"}]'""",
    },
    "sqlite": {
        "none": "CAST(verdicts AS TEXT) = '[]'",
        "no": """CAST(verdicts AS TEXT) LIKE '%"outcome": "__f%'""",
    },
}


def index(apps, schema_editor):
    schema_editor.execute(INDEX.format(**SAID[schema_editor.connection.vendor]), params=None)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0009_earlier_opt_outs")]
    operations = [
        migrations.RunPython(
            index, lambda apps, schema_editor: schema_editor.execute("DROP INDEX permitted_against_a_rule")
        )
    ]
