from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("incidents", "0003_counts")]

    operations = [
        AddIndexConcurrently(
            "incident",
            models.Index(
                fields=["tenant_id", "status", "created_at", "id"], name="incident_status"
            ),
        ),
    ]
