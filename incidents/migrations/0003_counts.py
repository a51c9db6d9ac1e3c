from django.db import migrations, models

import accounts.tenancy
import incidents_project.database.constraints

# The owner meets the tenants' wall too, unless it says for the moment that it does not.
COUNT = """
    ALTER TABLE incidents_incident NO FORCE ROW LEVEL SECURITY;
    INSERT INTO incidents_count (id, tenant_id, shard, incidents)
    SELECT gen_random_uuid(), tenant_id, 0, count(*) FROM incidents_incident GROUP BY tenant_id;
    ALTER TABLE incidents_incident FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_first_codes")]

    operations = [
        migrations.CreateModel(
            name="Count",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.tenancy.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("tenant_id", models.CharField(editable=False, max_length=64)),
                ("shard", models.SmallIntegerField(editable=False)),
                ("incidents", models.BigIntegerField(editable=False)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    incidents_project.database.constraints.TenantPrimaryKey(
                        name="incidents_count_key"
                    ),
                    models.UniqueConstraint(fields=("tenant_id", "shard"), name="count_shard"),
                ],
            },
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
