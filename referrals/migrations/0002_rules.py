from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0002_rules.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0002_rules"), ("referrals", "0001_initial")]
    operations = [migrations.RunSQL(SQL.read_text())]
