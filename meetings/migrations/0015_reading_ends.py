from pathlib import Path

from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0015_reading_ends.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0014_in_need"),
        ("network", "0015_reading_ends"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="noteshare",
            name="until",
            field=models.DateTimeField(
                blank=True, help_text="The word holds before this moment; empty: no end", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="noteshare",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gt", models.F("given_at")), _connector="OR"),
                name="share_lasts_until_a_time_to_come",
            ),
        ),
        migrations.RunSQL(SQL.read_text()),
    ]
