from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0021_letting_in.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0020_ways_in")]
    operations = [migrations.RunSQL(SQL.read_text())]
