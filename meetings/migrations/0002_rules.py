from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0002_rules.sql"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0002_rules"), ("meetings", "0001_initial")]
    operations = [migrations.RunSQL(SQL.read_text())]
