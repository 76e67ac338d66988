from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0013_sweep.sql"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0012_on_the_way")]
    operations = [migrations.RunSQL(SQL.read_text())]
