from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0016_a_new_password.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0015_reading_ends")]
    operations = [migrations.RunSQL(SQL.read_text())]
