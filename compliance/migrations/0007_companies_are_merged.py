"""Which company a key of a company turned out to be, so that caps count under both."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0006_domains_are_stopped_by_their_whole_name")]
    operations = [
        migrations.CreateModel(
            name="CompanyKey",
            fields=[
                ("key", models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="key")),
                ("merged_into", models.CharField(db_index=True, max_length=40, verbose_name="is now")),
                ("merged_at", models.DateTimeField(verbose_name="since")),
            ],
            options={"verbose_name": "company", "verbose_name_plural": "companies"},
        ),
    ]
