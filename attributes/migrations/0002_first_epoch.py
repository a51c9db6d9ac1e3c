"""The one row of the epoch."""

from typing import Any

from django.db import migrations


def begin(apps: Any, editor: Any) -> None:
    epochs = apps.get_model("attributes", "Epoch")
    epochs.objects.using(editor.connection.alias).create(id=1)


class Migration(migrations.Migration):
    dependencies = [("attributes", "0001_attributes")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
