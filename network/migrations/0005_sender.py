from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0005_sender.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0004_word")]
    operations = [migrations.RunSQL(SQL.read_text())]
