from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0016_from_devices.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0015_reading_ends"), ("network", "0014_opening")]

    operations = [
        migrations.AddField(
            model_name="line",
            name="chosen",
            field=models.BooleanField(
                db_default=False, help_text="The network chose these words among several versions"
            ),
        ),
        migrations.AddField(
            model_name="presence",
            name="late",
            field=models.BooleanField(db_default=False, help_text="Told by a device after the close; a line says so"),
        ),
        migrations.AddField(
            model_name="readback",
            name="recorded_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Filled in by the database",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="network.staff",
            ),
        ),
        migrations.AddField(
            model_name="readback",
            name="entry",
            field=models.UUIDField(
                blank=True, help_text="The read back it was said in, by the id made on the device", null=True
            ),
        ),
        migrations.AlterField(
            model_name="line",
            name="kind",
            field=models.CharField(
                choices=[
                    ("use", "How to use this meeting"),
                    ("voice", "Voice"),
                    ("reflection", "Reflection"),
                    ("decision", "Decision"),
                    ("action", "Who does what"),
                    ("understanding", "Shared understanding so far"),
                    ("told", "Told later"),
                    ("left", "Left, told later"),
                    ("answered", "Said when it was read back"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="line",
            name="late",
            field=models.BooleanField(
                db_default=False,
                help_text="Not read back: came after the close, or was not on the page that was read",
            ),
        ),
        migrations.RunSQL(SQL.read_text()),
    ]
