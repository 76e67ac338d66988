from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0007_entered_afterwards.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0006_known_words")]
    operations = [migrations.RunSQL(SQL.read_text())]
