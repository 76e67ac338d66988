from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0003_record.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0002_rules")]
    operations = [migrations.RunSQL(SQL.read_text())]
