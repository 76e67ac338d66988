from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0006_cover_is_for_one_meeting.sql"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0005_audit_of_the_public_page"), ("network", "0007_one_address_and_known_receivers")]
    operations = [migrations.RunSQL(SQL.read_text())]
