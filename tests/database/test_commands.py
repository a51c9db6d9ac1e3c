"""Commands that change the database itself, before they connect to anything."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connections


@pytest.fixture
def no_owner(monkeypatch):
    """Only the service's own role is configured."""
    databases = {name: each for name, each in connections.settings.items() if name != "owner"}
    monkeypatch.setattr(connections, "settings", databases)


@pytest.mark.parametrize("command", ["migrate", "flush"])
def test_without_an_owner_the_variable_to_set_is_named(no_owner, command):
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        call_command(command, interactive=False)


def test_migrating_as_the_services_role_is_refused():
    with pytest.raises(CommandError, match="owns nothing"):
        call_command("migrate", database="default")


def test_the_embedded_database_needs_no_setup(settings):
    settings.EMBEDDED = True
    with pytest.raises(CommandError, match="sets itself up"):
        call_command("setup_database", "--admin-url", "postgres://postgres@localhost/postgres")


def test_a_missing_owner_is_named(settings, monkeypatch):
    settings.EMBEDDED = False
    monkeypatch.delitem(settings.DATABASES, "owner")
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL is not set"):
        call_command("setup_database", "--admin-url", "postgres://postgres@localhost/postgres")
