"""``manage.py attribute_conversions``: what becomes of values whose attribute gets another type."""

from typing import Any

from django.core.management.base import BaseCommand

from attributes.conversions import markdown


class Command(BaseCommand):
    """Prints what ``docs/conversions.md`` holds."""

    help = "Print the table of conversions between types, in Markdown."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it as it is, so that a file of it equals it."""
        self.stdout.write(markdown.page(), ending="")
