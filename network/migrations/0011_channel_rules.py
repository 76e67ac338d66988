from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0011_channel_rules.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0010_channels")]
    operations = [migrations.RunSQL(SQL.read_text())]
