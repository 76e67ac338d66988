from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0010_clock.sql"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0011_clock_rules"), ("meetings", "0008_times_and_ends")]
    operations = [migrations.RunSQL(SQL.read_text())]
