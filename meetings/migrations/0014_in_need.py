from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0014_in_need.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0013_taken_up_after_closing"),
        ("network", "0014_opening"),
        ("referrals", "0016_quick_look"),
    ]

    operations = [migrations.RunSQL(SQL.read_text())]
