from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0005_audit_of_the_public_page.sql"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0004_clock_goes_on")]
    operations = [migrations.RunSQL(SQL.read_text())]
