from django.db import migrations

# Those of before have no created_at, and no numbers as such. What is wanted and not there is built
# by whoever does the jobs, beside the writers; until then filters read all of a tenant's incidents.
DROPPED = """
    DO $$
    DECLARE
        index text;
    BEGIN
        FOR index IN
            SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
            WHERE indrelid = 'incidents_incident'::regclass
              AND relname ~ '^incidents_incident_a[1-9][0-9]*$'
        LOOP
            EXECUTE format('DROP INDEX %I', index);
        END LOOP;
    END
    $$
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0005_tenants")]

    operations = [migrations.RunSQL(DROPPED, migrations.RunSQL.noop)]
