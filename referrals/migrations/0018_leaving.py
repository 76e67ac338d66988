from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0018_leaving.sql"


class Migration(migrations.Migration):
    dependencies = [("network", "0026_lead"), ("referrals", "0017_audit_by_somebody")]
    operations = [migrations.RunSQL(SQL.read_text())]
