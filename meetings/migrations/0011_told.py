import uuid
from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0011_told.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0010_clock"),
        ("network", "0011_channel_rules"),
    ]

    operations = [
        migrations.CreateModel(
            name="Told",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "moves",
                    models.PositiveSmallIntegerField(
                        help_text="Of which time and place: how often the meeting had been moved"
                    ),
                ),
                ("cancelled", models.BooleanField(db_default=False, help_text="Filled in by the database")),
                (
                    "how",
                    models.CharField(
                        choices=[("phone", "by phone"), ("paper", "on paper"), ("in_person", "in person")],
                        max_length=20,
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True, help_text="Of whoever told them; filled in by the database", max_length=120
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="network.staff"
                    ),
                ),
                (
                    "invitation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tellings", to="meetings.invitation"
                    ),
                ),
                (
                    "network",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="network.network"
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="network.service"
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("invitation"), models.F("moves"), models.F("cancelled"), name="told_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("how__in", ["phone", "paper", "in_person"])), name="one_of_the_answers_told"
                    ),
                ],
            },
        ),
        migrations.RunSQL(SQL.read_text()),
    ]
