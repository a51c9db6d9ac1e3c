"""The app's registration with Django."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    """See the package's docstring."""

    name = "history"
