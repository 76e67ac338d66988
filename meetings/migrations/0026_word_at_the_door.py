from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0026_word_at_the_door.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0025_same_person")]
    operations = [migrations.RunSQL(SQL.read_text())]
