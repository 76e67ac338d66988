from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0024_saving_a_line.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0023_leaving"), ("network", "0025_known_verbs")]
    operations = [migrations.RunSQL(SQL.read_text())]
