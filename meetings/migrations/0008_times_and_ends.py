from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0008_times_and_ends.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0007_entered_afterwards"), ("referrals", "0006_cover_is_for_one_meeting")]
    operations = [migrations.RunSQL(SQL.read_text())]
