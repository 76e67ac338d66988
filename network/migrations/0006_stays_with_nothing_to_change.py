from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0006_stays_with_nothing_to_change.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0005_sender")]
    operations = [migrations.RunSQL(SQL.read_text())]
