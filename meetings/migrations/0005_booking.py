from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0005_booking.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0004_word"), ("meetings", "0004_beside_the_record")]
    operations = [
        migrations.RemoveConstraint("Invitation", "invited_once"),
        migrations.AddConstraint(
            "Invitation",
            models.UniqueConstraint("meeting", "member", condition=models.Q(withdrawn_at=None), name="invited_once"),
        ),
        migrations.RunSQL(SQL.read_text()),
    ]
