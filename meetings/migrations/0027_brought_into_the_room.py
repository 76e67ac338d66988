from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0027_brought_into_the_room.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0026_word_at_the_door")]
    operations = [
        migrations.AddField(
            model_name="tobring",
            name="in_the_room",
            field=models.BooleanField(
                db_default=False,
                help_text="Its author lets it stand on the record page, which everybody in the room sees",
            ),
        ),
        migrations.AddField(
            model_name="tobring",
            name="taken_up_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="tobring",
            name="taken_up_in",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="meetings.meeting",
            ),
        ),
        migrations.AddConstraint(
            model_name="tobring",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("taken_up_at", None), ("taken_up_in", None)),
                    models.Q(("taken_up_at__isnull", False), ("taken_up_in__isnull", False)),
                    _connector="OR",
                ),
                name="brought_taken_up_in_a_meeting",
            ),
        ),
        migrations.RunSQL(SQL.read_text()),
    ]
