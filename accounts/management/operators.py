"""Who runs a command."""

import getpass


def operator() -> str:
    """The name of the user that the process belongs to."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return "unknown"
