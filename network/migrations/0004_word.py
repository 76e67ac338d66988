from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0004_word.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0003_sign_in")]
    operations = [migrations.RunSQL(SQL.read_text())]
