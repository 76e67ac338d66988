import uuid
from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0019_own_word_on_a_line.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0018_waiting"),
        ("network", "0015_reading_ends"),
    ]

    operations = [
        migrations.AddField(
            model_name="addendum",
            name="out_of_sight_at",
            field=models.DateTimeField(blank=True, help_text="Filled in by the database: see OutOfSight", null=True),
        ),
        migrations.AddField(
            model_name="line",
            name="kept_back",
            field=models.BooleanField(db_default=False, help_text="Filled in by the database: see KeptBack"),
        ),
        migrations.AddField(
            model_name="line",
            name="out_of_sight_at",
            field=models.DateTimeField(blank=True, help_text="Filled in by the database: see OutOfSight", null=True),
        ),
        migrations.AlterField(
            model_name="addendum",
            name="kind",
            field=models.CharField(
                choices=[("added", "Added"), ("corrects", "Corrects something"), ("differs", "Sees it differently")],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="KeptBack",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(blank=True, help_text="Filled in by the database", max_length=120)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="keepings", to="meetings.line"
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        help_text="Of the line; filled in by the database",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="meetings.meeting",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="network.member",
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
                (
                    "staff",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="network.staff",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("member__isnull", False), ("staff__isnull", True)),
                            models.Q(("member__isnull", True), ("staff__isnull", False)),
                            _connector="OR",
                        ),
                        name="kept_back_by_one",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("line", "member", "staff"),
                        name="kept_back_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutOfSight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("wrong_case", "they belong to somebody else’s case"),
                            ("law", "the law forbids keeping them here"),
                        ],
                        max_length=20,
                    ),
                ),
                ("words", models.CharField(help_text="Why, in words that do not repeat the text", max_length=500)),
                ("asked_name", models.CharField(blank=True, help_text="Filled in by the database", max_length=120)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "until",
                    models.DateTimeField(
                        help_text="By when somebody else confirms; filled in by the database", null=True
                    ),
                ),
                ("second_name", models.CharField(blank=True, help_text="Filled in by the database", max_length=120)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "addendum",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="meetings.addendum",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="network.staff"
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="meetings.line",
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="out_of_sight", to="meetings.meeting"
                    ),
                ),
                (
                    "network",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="network.network"
                    ),
                ),
                (
                    "second",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="network.staff",
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
                "ordering": ["asked_at", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("addendum__isnull", True), ("line__isnull", False)),
                            models.Q(("addendum__isnull", False), ("line__isnull", True)),
                            _connector="OR",
                        ),
                        name="out_of_sight_one_thing",
                    ),
                    models.CheckConstraint(condition=models.Q(("words__regex", "\\S")), name="out_of_sight_says_why"),
                    models.CheckConstraint(
                        condition=models.Q(("why__in", ["wrong_case", "law"])), name="one_of_the_answers_out_of_sight"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("done_at", None), ("second", None)),
                            models.Q(
                                ("done_at__isnull", False),
                                ("second__isnull", False),
                                models.Q(("second", models.F("asked_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="out_of_sight_by_two_people",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ToBring",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("name", models.CharField(blank=True, help_text="Filled in by the database", max_length=120)),
                ("text", models.TextField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="network.member"
                    ),
                ),
                (
                    "network",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="brought", to="network.network"
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
                "indexes": [models.Index(fields=["network", "at"], name="to_bring_network_at")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("text__regex", "\\S")), name="to_bring_says_something")
                ],
            },
        ),
        migrations.RunSQL(SQL.read_text()),
    ]
