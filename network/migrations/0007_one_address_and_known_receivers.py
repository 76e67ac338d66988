from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0007_one_address_and_known_receivers.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0006_stays_with_nothing_to_change")]
    operations = [migrations.RunSQL(SQL.read_text())]
