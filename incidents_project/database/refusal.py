"""What the embedded server says when it cannot run."""

from django.core.management.base import CommandError
from django.db.utils import OperationalError


class ClusterError(OperationalError, CommandError):
    """The embedded PostgreSQL cannot run, and why, in words.

    To a request it is a database that is away (503); to ``manage.py`` it is an error of the
    command, printed without a traceback.
    """
