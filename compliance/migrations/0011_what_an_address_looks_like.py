"""What each address looks like is kept beside its spellings. Those of known people are filled in by the floor above."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0010_permissions_against_a_rule_are_indexed")]
    operations = [
        migrations.CreateModel(
            name="AddressSkeleton",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key_version", models.PositiveSmallIntegerField(verbose_name="key version")),
                ("digest", models.CharField(max_length=32, verbose_name="digest")),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="skeletons",
                        to="compliance.addresscard",
                        verbose_name="card",
                    ),
                ),
            ],
            options={
                "verbose_name": "address skeleton",
                "verbose_name_plural": "address skeletons",
                "constraints": [models.UniqueConstraint(fields=("card", "digest"), name="one_skeleton_per_card")],
            },
        ),
    ]
