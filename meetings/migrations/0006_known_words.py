from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0006_known_words.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0005_booking"), ("network", "0004_word"), ("referrals", "0004_clock_goes_on")]
    operations = [migrations.RunSQL(SQL.read_text())]
