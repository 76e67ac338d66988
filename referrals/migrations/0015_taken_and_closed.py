from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0015_taken_and_closed.sql"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0014_fewer_indexes")]
    operations = [migrations.RunSQL(SQL.read_text())]
