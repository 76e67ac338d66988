import uuid
from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0012_on_the_way.sql"


def to(model, **related):
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=model, **({"related_name": "+"} | related))


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0011_told"),
        ("network", "0011_channel_rules"),
        ("referrals", "0012_on_the_way"),
    ]

    operations = [
        migrations.CreateModel(
            name="OnTheWay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "moves",
                    models.PositiveSmallIntegerField(
                        help_text="Of which time and place: how often the meeting had been moved"
                    ),
                ),
                ("going", models.BooleanField(help_text="False: an earlier word is taken back")),
                (
                    "name",
                    models.CharField(
                        blank=True, help_text="Of whoever said so; filled in by the database", max_length=120
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("by", to("network.staff")),
                ("meeting", to("meetings.meeting", related_name="words_of_the_way")),
                ("network", to("network.network")),
                ("service", to("network.service")),
            ],
            options={"ordering": ["pk"]},
        ),
        migrations.RunSQL(SQL.read_text()),
    ]
