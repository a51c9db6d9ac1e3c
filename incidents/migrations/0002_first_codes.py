"""The codes every instance starts with; the deployer changes them as they like."""

from typing import Any

from django.db import migrations

FIRST = {
    "status": ("NEW", "OPEN", "IN_PROGRESS", "RESOLVED", "CLOSED"),
    "type": ("SECURITY", "PERFORMANCE", "MAINTENANCE", "SYSTEM_FAILURE", "OTHERS"),
    "severity": ("LOW", "MEDIUM", "MAJOR", "HIGH", "CRITICAL"),
}


def seed(apps: Any, editor: Any) -> None:
    code = apps.get_model("incidents", "Code")
    code.objects.using(editor.connection.alias).bulk_create(
        code(kind=kind, code=text, label=text.replace("_", " ").capitalize(), order=order)
        for kind, texts in FIRST.items()
        for order, text in enumerate(texts)
    )


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_incidents"), ("attributes", "0002_first_epoch")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
