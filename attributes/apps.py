"""The app's registration with Django."""

from django.apps import AppConfig


class AttributesConfig(AppConfig):
    """See the package's docstring."""

    name = "attributes"
