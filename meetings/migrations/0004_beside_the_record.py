from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0004_beside_the_record.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0004_word"), ("meetings", "0003_record")]
    operations = [migrations.RunSQL(SQL.read_text())]
