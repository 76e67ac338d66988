from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0013_taken_up_after_closing.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0012_on_the_way"), ("referrals", "0015_taken_and_closed")]
    operations = [migrations.RunSQL(SQL.read_text())]
