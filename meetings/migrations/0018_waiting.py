from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0018_waiting.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0017_inquiry"), ("network", "0021_letting_in")]
    operations = [migrations.RunSQL(SQL.read_text())]
