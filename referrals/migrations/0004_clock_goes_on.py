from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0004_clock_goes_on.sql"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0003_similar_and_duty")]
    operations = [migrations.RunSQL(SQL.read_text())]
