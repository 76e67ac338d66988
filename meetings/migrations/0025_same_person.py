from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0025_same_person.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0024_saving_a_line"), ("network", "0027_same_person")]
    operations = [migrations.RunSQL(SQL.read_text())]
