"""The wrapper that starts the embedded server when, and only when, a connection is wanted."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import client

from incidents_project.database import cluster
from incidents_project.database.backend import base


class DatabaseClient(client.DatabaseClient):
    """``manage.py dbshell`` on the embedded server."""

    def runshell(self, parameters: Iterable[str]) -> None:
        """Open psql: the installed one, else the one that came with the server."""
        self.connection.get_connection_params()
        if shutil.which("psql") is None:
            type(self).executable_name = cluster.at(settings.DATA_DIR).program("psql")
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    """The product's own, with the host filled in by the embedded server."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Where to connect; by now the server runs."""
        socket_dir: Path = cluster.at(settings.DATA_DIR).ensure_running()
        self.settings_dict |= {"HOST": str(socket_dir), "PORT": str(cluster.PORT)}
        return super().get_connection_params()
