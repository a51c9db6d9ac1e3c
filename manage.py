#!/usr/bin/env python
"""The command line of the service: ``python manage.py help`` lists what it can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "incidents_project.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "The requirements are not installed here. Create a virtual environment and run"
            " 'pip install -r requirements.txt' in it; the README has the two commands."
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
