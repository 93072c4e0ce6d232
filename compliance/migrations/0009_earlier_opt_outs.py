"""Somebody says what became of the opt-outs of the time before; an installation that sends already is asked as well."""

import django_fsm
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def ask(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    if apps.get_model("compliance", "Installation").objects.exists():
        apps.get_model("compliance", "EarlierOptOuts").objects.create()


class Migration(migrations.Migration):
    dependencies = [("compliance", "0008_epochs_and_what_was_lost")]
    operations = [
        migrations.CreateModel(
            name="EarlierOptOuts",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("undeclared", "nobody has said yet"),
                            ("loaded", "loaded"),
                            ("none", "there are none"),
                        ],
                        default="undeclared",
                        editable=False,
                        max_length=50,
                        verbose_name="state",
                    ),
                ),
                ("move_token", models.CharField(blank=True, editable=False, max_length=16)),
            ],
            options={
                "verbose_name": "earlier opt-outs",
                "verbose_name_plural": "earlier opt-outs",
                "permissions": [
                    (
                        "declare_opt_outs",
                        "Can say that the opt-outs of the time before are loaded, or that there are none",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_word_on_earlier_opt_outs")
                ],
            },
        ),
        migrations.RunPython(ask, migrations.RunPython.noop),
    ]
