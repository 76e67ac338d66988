from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0003_similar_and_duty.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0002_rules"), ("referrals", "0002_rules")]
    operations = [migrations.RunSQL(SQL.read_text())]
