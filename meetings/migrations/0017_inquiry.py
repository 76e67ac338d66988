from django.db import migrations

# An inquiry is one of the things that can be read. The rule is one of meetings/migrations/sql/0006_known_words.sql.
KNOWN = "'case', 'meeting', 'record', 'note', 'pdf', 'person_page', 'readings', 'as_member', 'export', 'inquiry'"

# Whether the pauses of a reader came before or after 0014_in_need is a matter of who was upgraded when: read in need they are in both.
READ_IN_NEED = """
DO $$
DECLARE p record;
BEGIN
  FOR p IN SELECT policyname, qual FROM pg_policies
      WHERE tablename = 'network_readerpause' AND cmd = 'SELECT' AND qual LIKE '%open_network_ids%' LOOP
    EXECUTE format('ALTER POLICY %I ON network_readerpause USING (%s)', p.policyname, replace(p.qual, 'open_network_ids', 'readable_network_ids'));
  END LOOP;
END $$"""


class Migration(migrations.Migration):
    dependencies = [("meetings", "0016_from_devices"), ("network", "0019_reading_indexes")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE network_reading DROP CONSTRAINT one_of_the_answers_reading, "
            f"ADD CONSTRAINT one_of_the_answers_reading CHECK (what IN ({KNOWN}))"
        ),
        migrations.RunSQL(READ_IN_NEED),
    ]
