from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0012_on_the_way.sql"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0011_clock_rules")]

    operations = [
        migrations.AddField(
            model_name="case",
            name="on_the_way_since",
            field=models.DateTimeField(
                blank=True,
                help_text="The team said that it is on the way and that there is no signal; kept by meetings",
                null=True,
            ),
        ),
        migrations.RunSQL(SQL.read_text()),
    ]
