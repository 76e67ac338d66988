"""Whom staff work with is asked by the policies of most tables: a function replaced, no table touched."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0021_working_with.sql"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0020_prepared"), ("referrals", "0017_audit_by_somebody")]
    operations = [migrations.RunSQL(SQL.read_text())]
