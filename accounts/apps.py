"""The app's registration with Django."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AccountsConfig(AppConfig):
    """See the package's docstring."""

    name = "accounts"


class DeployerAdminConfig(AdminConfig):
    """Django's admin, on a site that admits deployers only."""

    default_site = "accounts.admin_site.DeployerAdminSite"
