from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0026_lead.sql"
PROFESSIONS = [
    "nurse", "psychiatrist", "psychologist", "social_worker", "family_therapist", "occupational_therapist", "peer_worker", "other",
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("network", "0025_known_verbs")]
    operations = [
        migrations.CreateModel(
            name="ServiceChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(help_text="The column that changed", max_length=40)),
                ("before", models.TextField(blank=True)),
                ("after", models.TextField(blank=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "by",
                    models.ForeignKey(
                        help_text="Empty: a command of whoever runs the installation",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="network.staff",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="network.service",
                    ),
                ),
                (
                    "staff",
                    models.ForeignKey(
                        help_text="Whom it was about; empty: the service itself",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="network.staff",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
                "indexes": [models.Index(fields=["service", "-at", "-id"], name="service_changes")],
            },
        ),
        migrations.RunSQL(SQL.read_text()),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(condition=models.Q(("name__regex", "\\S")), name="service_name_given"),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(("emergency_number__regex", "[0-9]")), name="service_emergency_number_given"
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(("emergency_advice__regex", "\\S")), name="service_emergency_advice_given"
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(("hours_reply__lte", 336)), name="service_reply_within_two_weeks"
            ),
        ),
        migrations.AddConstraint(
            model_name="staff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("profession__in", PROFESSIONS), ("training__in", ["none", "foundation", "full", "trainer"])
                ),
                name="one_of_the_answers_staff",
            ),
        ),
    ]
