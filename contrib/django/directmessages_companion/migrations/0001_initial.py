# SPDX-License-Identifier: MIT
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "name",
                    models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name="webhook-id"),
                ),
                (
                    "done",
                    models.TextField(blank=True, default="", verbose_name="receivers that have run, one a line"),
                ),
                ("claimed_until", models.DateTimeField(null=True, verbose_name="being handled, until this time")),
                ("finished_at", models.DateTimeField(db_index=True, null=True)),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "db_table": "directmessages_companion_delivery",
            },
        ),
    ]
