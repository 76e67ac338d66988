from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0031_a_line_in_one_question.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0030_whatever_comes_first")]
    operations = [migrations.RunSQL(SQL.read_text())]
