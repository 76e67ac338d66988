from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0025_known_verbs.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0024_in_need_for_who_needs_it")]
    operations = [migrations.RunSQL(SQL.read_text())]
