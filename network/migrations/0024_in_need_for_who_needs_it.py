from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0024_in_need_for_who_needs_it.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0023_a_note_ends")]
    operations = [migrations.RunSQL(SQL.read_text())]
