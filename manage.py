#!/usr/bin/env python
"""The command line of the service: ``python manage.py help`` lists what it can do."""

import errno
import os
import sys
from typing import NoReturn

# As sysexits.h has them; 1 and 2 mean something to some commands.
_UNWRITTEN, _UNCONFIGURED = 74, 78


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
        try:
            execute_from_command_line(sys.argv)
        finally:
            sys.stdout.flush()
    except ImproperlyConfigured as error:
        _end(f"Settings: {error}", _UNCONFIGURED)
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # as a shell has it for ctrl-C
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EPIPE} or error.filename is not None:
            raise
        # Python would try once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        what = "The output could not be written; what the command was to do may be done"
        _end(f"{what}. {error.strerror}.", _UNWRITTEN)


def _end(message: str, code: int) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    raise SystemExit(code)


def _take_data_dir(arguments: list[str]) -> None:
    """Settings read the data directory before any command reads its options."""
    for option, value in zip(arguments, [*arguments[1:], ""], strict=False):
        if option == "--data-dir" and value:
            os.environ["DATA_DIR"] = value
        elif option.startswith("--data-dir="):
            os.environ["DATA_DIR"] = option.partition("=")[2]


if __name__ == "__main__":
    main()
