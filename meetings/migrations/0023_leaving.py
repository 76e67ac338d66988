from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0023_leaving.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0022_brought_words_read"), ("referrals", "0018_leaving")]
    operations = [migrations.RunSQL(SQL.read_text())]
