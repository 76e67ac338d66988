from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0017_audit_by_somebody.sql"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0016_quick_look")]
    operations = [migrations.RunSQL(SQL.read_text())]
