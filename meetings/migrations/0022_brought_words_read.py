from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0022_brought_words_read.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0021_working_with")]
    operations = [migrations.RunSQL(SQL.read_text())]
