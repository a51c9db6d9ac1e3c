"""The one place that reads the environment.

A secret may also come from a file: ``SECRET_KEY_FILE=/run/secrets/key`` stands for ``SECRET_KEY``.
A value that cannot be read is refused at start, with the name of the variable and what is allowed.
"""

import os
import secrets
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_environ = environ.Env()

SHORTEST_SECRET_KEY = 50
_DEVELOPMENT_MARKS = ("insecure", "changeme", "change-me", "change_me", "secret_key", "example")


def text(name: str, default: str = "") -> str:
    """The variable as text; an empty one counts as not set."""
    return str(_environ.str(name, default="")) or default


def flag(name: str, *, default: bool) -> bool:
    """``true`` or ``false``, in the usual spellings."""
    raw = text(name).strip().lower()
    if not raw:
        return default
    if raw in {"true", "1", "yes", "on"}:
        return True
    if raw in {"false", "0", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {raw!r}.")


def number(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number within its bounds."""
    raw = text(name)
    if not raw:
        return default
    readable = raw.isascii() and raw.isdigit() and len(raw) <= 18
    if not readable or not least <= int(raw) <= most:
        raise ImproperlyConfigured(
            f"{name} must be a whole number from {least} to {most}, not {raw!r}."
        )
    return int(raw)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of ``allowed``, in any case."""
    raw = text(name, default).upper()
    if raw not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {raw!r}.")
    return raw


def listing(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Comma-separated words."""
    words = [word.strip() for word in text(name).split(",")]
    return [word for word in words if word] or list(default)


def secret(name: str) -> str:
    """``NAME``, or what the file named by ``NAME_FILE`` holds; empty when neither is set."""
    path = text(f"{name}_FILE")
    if not path:
        return text(name)
    if text(name):
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    try:
        held = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error
    if not held:
        # Taken for "not set", it would start the service on a database of its own making.
        raise ImproperlyConfigured(f"{name}_FILE names an empty file.")
    return held


def database(name: str) -> dict[str, Any] | None:
    """A PostgreSQL URL as Django's database settings, or None when it is not set."""
    url = secret(name)
    if not url:
        return None
    refused = ImproperlyConfigured(
        f"{name} must look like postgres://user:password@host:5432/database."
    )
    if not url.startswith(("postgres://", "postgresql://")):
        raise refused
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except (ValueError, ImproperlyConfigured) as error:
        raise refused from error
    if not config.get("NAME"):
        raise refused
    return config


def production_secret_key() -> str:
    """The configured key, refused when it is missing, short or one that everybody knows."""
    key = secret("SECRET_KEY")
    if not key:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. With DATABASE_URL set the service is in production and needs"
            ' its own: python -c "import secrets; print(secrets.token_urlsafe(64))"'
        )
    well_known = any(mark in key.lower() for mark in _DEVELOPMENT_MARKS)
    if well_known or len(key) < SHORTEST_SECRET_KEY or len(set(key)) < 5:
        raise ImproperlyConfigured(
            f"SECRET_KEY is a development key: it must be at least {SHORTEST_SECRET_KEY} random"
            ' characters: python -c "import secrets; print(secrets.token_urlsafe(64))"'
        )
    return key


def laptop_secret_key(data_dir: Path) -> str:
    """The configured key, else one made for this data directory and kept there (mode 0600)."""
    configured = secret("SECRET_KEY")
    if configured:
        return configured
    kept = data_dir / "secret_key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return kept.read_text(encoding="ascii")
        key = secrets.token_urlsafe(64)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data directory {data_dir} cannot be used ({error.strerror}). Choose another with"
            " DATA_DIR, or set SECRET_KEY and DATABASE_URL."
        ) from error
    return key
