from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0023_a_note_ends.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0022_prepared_devices")]
    operations = [migrations.RunSQL(SQL.read_text())]
