from django.db import migrations

# Jobs go through the incidents tenant by tenant, and so must know of each. Of one that has only
# tokens of another issuer nothing was kept. The owner meets the tenants' wall too, unless it says
# for the moment that it does not.
KNOWN = """
    ALTER TABLE incidents_count NO FORCE ROW LEVEL SECURITY;
    INSERT INTO accounts_tenant (id, created_at)
    SELECT DISTINCT tenant_id, now() FROM incidents_count
    ON CONFLICT DO NOTHING;
    ALTER TABLE incidents_count FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0004_status_index"), ("accounts", "0001_accounts")]

    operations = [migrations.RunSQL(KNOWN, migrations.RunSQL.noop)]
