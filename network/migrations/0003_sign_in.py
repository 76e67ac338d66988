from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0003_sign_in.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("network", "0002_rules"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("usersessions", "0001_initial"),
        ("sessions", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunSQL(SQL.read_text())]
