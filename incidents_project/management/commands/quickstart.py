"""``manage.py quickstart``: from nothing to a running service, and the same again the next time."""

import json
import os
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone
from gunicorn.app.base import Application

from accounts import operations
from accounts.authentication import find
from accounts.models import Tenant, User
from accounts.principal import Role
from incidents_project import demo
from incidents_project.background import background
from incidents_project.http.handler import Handler

HOST = "127.0.0.1"
ADMIN = "admin"


class Command(BaseCommand):
    """Migrate, seed, print how to get in, serve."""

    help = "Prepare the service and serve it on this machine until ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to serve and where to keep the data."""
        parser.add_argument("--port", type=int, default=8000, help="default 8000")
        parser.add_argument("--data-dir", help="also DATA_DIR; default var/")  # read by manage.py
        parser.add_argument("--no-demo", action="store_true", help="no demo tenants and incidents")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare and serve."""
        port = options["port"]
        _require_free(port)
        if settings.EMBEDDED:
            self._say(f"Starting PostgreSQL; its data is in {settings.DATA_DIR} …")
        call_command("migrate", verbosity=0)
        kept = _Kept(settings.DATA_DIR / "quickstart.json")
        if not options["no_demo"]:
            demo.tell()
        tenant_id = kept.tenant(demo.TENANTS[0] if Tenant.objects.exists() else "main")
        deployer = kept.token(tenant_id, Role.DEPLOYER)
        owner = kept.token(tenant_id, Role.INCIDENT_OWNER)
        password = kept.password(ADMIN)
        connections.close_all()
        welcome = _welcome(f"http://{HOST}:{port}", tenant_id, deployer, owner, password)
        _Server(port, lambda: self._say(welcome)).run()

    def _say(self, text: str) -> None:
        """At once, also into a pipe; and before a fork, which would say what is left again."""
        self.stdout.write(text)
        self.stdout.flush()


def _require_free(port: int) -> None:
    if not 1 <= port <= 65_535:
        raise CommandError("--port must be from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}). Choose another: --port {port + 1}"
            ) from error


class _Kept:
    """What the last run told, so that the next one can tell it again.

    It is no weaker than the database beside it: both are for whoever may read the directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def tenant(self, first: str) -> str:
        """The tenant of the first run."""
        return self._keep("tenant", self.known.get("tenant", first))

    def token(self, tenant_id: str, role: Role) -> str:
        """The role's token while it is good, else a new one."""
        name = f"{tenant_id}/{role}"
        token = find(self.known.get(name, ""))
        if token is not None and token.is_valid(timezone.now()):
            return self.known[name]
        _, secret = operations.create_token(
            tenant_id=tenant_id, roles=[role], name=f"Quickstart {role}", actor="quickstart"
        )
        return self._keep(name, secret)

    def password(self, username: str) -> str | None:
        """The one-time password until it is used up; None afterwards."""
        made = operations.create_first_deployer(username)
        if made is not None:
            return self._keep("password", made)
        unused = User.objects.filter(username=username, password_is_one_time=True).exists()
        return self.known.get("password") if unused else None

    def _keep(self, name: str, value: str) -> str:
        self.known[name] = value
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(self.path, flags, 0o600), "w") as file:
            json.dump(self.known, file)
        return value


def _welcome(url: str, tenant_id: str, deployer: str, owner: str, password: str | None) -> str:
    shown = f"one-time password {password}" if password else "with the password you chose"
    incident = json.dumps(
        {
            "name": "Disk full",
            "status": "NEW",
            "type": "SYSTEM_FAILURE",
            "date": "2026-03-04T09:00:00Z",
            "description": "db-2 writes nothing.",
            "reported_by": "John Doe",
        }
    )
    curl = f"curl -s {url}/v1/incident"
    json_body = "-H 'Content-Type: application/json' -d"
    as_owner, as_deployer = (f"-H 'Authorization: Bearer {token}'" for token in (owner, deployer))
    return f"""
  The service runs at {url}   (docs: {url}/docs)

  Tenant          {tenant_id}
  Deployer token  {deployer}
  Owner token     {owner}
  Admin           {url}/admin/   user {ADMIN}, {shown}

  Read incidents, record one, add a field to all of them:

{curl} {as_owner}
{curl} {as_owner} {json_body} '{incident}'
{curl}/attributes {as_deployer} {json_body} '{{"name": "ticket", "type": "STRING"}}'

  ctrl-C stops it; the data stays.
"""


class _Server(Application):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn with the project's own settings, in this process."""

    def __init__(self, port: int, when_ready: Any) -> None:
        self.port, self.when_ready = port, when_ready
        super().__init__()

    def load_config(self) -> None:
        self.load_config_from_file(str(settings.BASE_DIR / "gunicorn.conf.py"))
        self.cfg.set("bind", f"{HOST}:{self.port}")
        self.cfg.set("when_ready", lambda _: self._ready())
        self.cfg.set("on_exit", lambda _: background.stop())

    def _ready(self) -> None:
        self.when_ready()
        background.start()

    def load(self) -> Any:
        return Handler()
