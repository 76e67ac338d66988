import uuid
from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0015_reading_ends.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("network", "0014_opening"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReaderPause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("began_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("own_page", "on the person's own page"),
                            ("in_the_room", "said in a meeting"),
                            ("on_paper", "on paper"),
                        ],
                        max_length=20,
                    ),
                ),
                ("where", models.CharField(blank=True, max_length=200)),
                ("witness", models.CharField(blank=True, max_length=200)),
                (
                    "name",
                    models.CharField(
                        blank=True, help_text="Of whoever wrote it down; filled in by the database", max_length=120
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_where", models.CharField(blank=True, help_text="As heard by the team", max_length=200)),
                ("ended_witness", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ["began_at", "pk"],
            },
        ),
        migrations.AddField(
            model_name="consent",
            name="since",
            field=models.DateTimeField(
                blank=True,
                help_text="From when meetings count, where an earlier word is given anew; empty: from now",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="until",
            field=models.DateTimeField(
                blank=True, help_text="The word holds before this moment; empty: no end", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gt", models.F("given_at")), _connector="OR"),
                name="consent_lasts_until_a_time_to_come",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("since", None),
                    models.Q(("covers", "from_now"), ("since__lte", models.F("given_at"))),
                    _connector="OR",
                ),
                name="consent_since_a_time_before",
            ),
        ),
        migrations.AddField(
            model_name="readerpause",
            name="ended_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="readerpause",
            name="member",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="pauses", to="network.member"
            ),
        ),
        migrations.AddField(
            model_name="readerpause",
            name="network",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="network.network"
            ),
        ),
        migrations.AddField(
            model_name="readerpause",
            name="recorded_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="readerpause",
            name="service",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="network.service"
            ),
        ),
        migrations.AddConstraint(
            model_name="readerpause",
            constraint=models.UniqueConstraint(
                models.F("member"), condition=models.Q(("ended_at", None)), name="pause_one_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="readerpause",
            constraint=models.CheckConstraint(
                condition=models.Q(("how__in", ["own_page", "in_the_room", "on_paper"])),
                name="one_of_the_answers_pause",
            ),
        ),
        migrations.AddConstraint(
            model_name="readerpause",
            constraint=models.CheckConstraint(
                condition=models.Q(("how", "own_page"), ("witness__regex", "\\S"), _connector="OR"),
                name="pause_names_its_witness",
            ),
        ),
        migrations.AddConstraint(
            model_name="readerpause",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_by", None)),
                    models.Q(("ended_at__isnull", False), ("ended_by__isnull", False)),
                    _connector="OR",
                ),
                name="pause_ended_by_somebody",
            ),
        ),
        migrations.RunSQL(SQL.read_text()),
    ]
