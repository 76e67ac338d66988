from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0030_whatever_comes_first.sql"


def to(model):
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=model)


class Migration(migrations.Migration):
    dependencies = [("meetings", "0029_read_back_looked_through"), ("network", "0027_same_person")]
    operations = [
        migrations.CreateModel(
            name="TakenEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(unique=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("meeting", to("meetings.meeting")),
                ("network", to("network.network")),
                ("service", to("network.service")),
                ("taken_from", to("network.staff")),
            ],
            options={"abstract": False},
        ),
        migrations.RunSQL(SQL.read_text()),
    ]
