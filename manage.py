#!/usr/bin/env python
"""The command line of the service: ``python manage.py help`` lists what it can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "incidents_project.settings")
    _take_data_dir(sys.argv[1:])
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "The requirements are not installed here. Create a virtual environment and run"
            " 'pip install -r requirements.txt' in it; the README has the two commands."
        ) from error
    from django.core.exceptions import ImproperlyConfigured

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        raise SystemExit(f"Settings: {error}") from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # as a shell has it for ctrl-C


def _take_data_dir(arguments: list[str]) -> None:
    """Settings read the data directory before any command reads its options."""
    for option, value in zip(arguments, [*arguments[1:], ""], strict=False):
        if option == "--data-dir" and value:
            os.environ["DATA_DIR"] = value
        elif option.startswith("--data-dir="):
            os.environ["DATA_DIR"] = option.partition("=")[2]


if __name__ == "__main__":
    main()
