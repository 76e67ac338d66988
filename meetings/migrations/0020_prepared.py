from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0020_prepared.sql"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("meetings", "0019_own_word_on_a_line"), ("network", "0022_prepared_devices")]
    operations = [
        migrations.RunSQL(SQL.read_text()),
        migrations.RunSQL("ALTER TABLE network_reading VALIDATE CONSTRAINT one_of_the_answers_reading"),
    ]
