from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0011_clock_rules.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0011_channel_rules"), ("referrals", "0010_clock")]
    operations = [migrations.RunSQL(SQL.read_text())]
