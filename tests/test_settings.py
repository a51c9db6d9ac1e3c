"""Settings from the environment: safe by default, or a refusal that says what to set."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from incidents_project.http import logs

ROOT = Path(__file__).parent.parent
GOOD_KEY = "k7Qw_x2-" * 8
URL = "postgres://incidents_app:none@127.0.0.1:9/incidents"
PRODUCTION = {
    "DATABASE_URL": URL,
    "DATABASE_OWNER_URL": "postgres://incidents_owner:none@127.0.0.1:9/incidents",
    "SECRET_KEY": GOOD_KEY,
    "ALLOWED_HOSTS": "incidents.example.com",
}


@pytest.fixture
def read(monkeypatch, tmp_path):
    """The settings that an environment makes."""
    monkeypatch.setattr(logs, "configuration", lambda level, *, style: {})

    def read(**environment):
        for name in list(os.environ):
            if name not in {"PATH", "HOME"}:
                monkeypatch.delenv(name)
        for name, value in {"DATA_DIR": str(tmp_path / "data"), **environment}.items():
            monkeypatch.setenv(name, str(value))
        return runpy.run_path(str(ROOT / "incidents_project" / "settings.py"))

    return read


def without(name):
    return {key: value for key, value in PRODUCTION.items() if key != name}


@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        "short",
        "a" * 64,
        GOOD_KEY[:49],
        "django-insecure-" + GOOD_KEY,
        "changeme" * 8,
        "Change-Me-" + GOOD_KEY,
    ],
    ids=lambda key: str(key)[:16],
)
def test_production_refuses_a_key_that_is_missing_short_or_well_known(read, key):
    environment = without("SECRET_KEY") | ({} if key is None else {"SECRET_KEY": key})
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY") as refusal:
        read(**environment)
    assert "secrets.token_urlsafe(64)" in str(refusal.value)
    assert not key or key not in str(refusal.value)


def test_secrets_come_from_files_too(read, tmp_path):
    files = {}
    for name in ("SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL"):
        path = tmp_path / name
        path.write_text(f"{PRODUCTION[name]}\n")
        files[f"{name}_FILE"] = path
    settings = read(**files)
    assert settings["SECRET_KEY"] == GOOD_KEY
    assert settings["DATABASES"]["default"]["USER"] == "incidents_app"
    assert settings["DATABASES"]["owner"]["USER"] == "incidents_owner"
    assert settings["EMBEDDED"] is False


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL"])
def test_a_secret_comes_from_one_place(read, tmp_path, name):
    path = tmp_path / "secret"
    path.write_text(PRODUCTION[name])
    with pytest.raises(ImproperlyConfigured, match=f"{name} or {name}_FILE, not both"):
        read(**PRODUCTION, **{f"{name}_FILE": path})


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL"])
@pytest.mark.parametrize("kind", ["missing", "directory", "binary"])
def test_a_file_that_cannot_be_read_is_refused(read, tmp_path, name, kind):
    path = {"missing": tmp_path / "none", "directory": tmp_path, "binary": tmp_path / "b"}[kind]
    if kind == "binary":
        path.write_bytes(b"\xff\xfe")
    with pytest.raises(ImproperlyConfigured, match=f"{name}_FILE cannot be read"):
        read(**without(name), **{f"{name}_FILE": path})


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL"])
def test_an_empty_file_is_a_missing_secret_in_production(read, tmp_path, name):
    path = tmp_path / "empty"
    path.write_text("\n")
    with pytest.raises(ImproperlyConfigured, match=name):
        read(**without(name), **{f"{name}_FILE": path})


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "incidents",
        "postgres://",
        "postgres://user:secret@host:5432",
        "postgres://user:secret@host:port/incidents",
        "mysql://user:secret@host/incidents",
        "sqlite:///incidents.db",
        "sqlite://:memory:",
        "https://example.com/incidents",
    ],
)
@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL"])
def test_a_url_that_names_no_postgresql_database_is_refused(read, name, url):
    with pytest.raises(ImproperlyConfigured, match=name) as refusal:
        read(**PRODUCTION | {name: url})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BODY_LIMIT", "many", "from 1024 to"),
        ("BODY_LIMIT", "0", "from 1024 to"),
        ("BODY_LIMIT", "-1", "from 1024 to"),
        ("BODY_LIMIT", "1e6", "from 1024 to"),
        ("BODY_LIMIT", "9" * 5_000, "from 1024 to"),
        ("THROTTLE_RATE", "10/s", "from 0 to"),
        ("ATTRIBUTE_INDEX_BUDGET", "101", "from 0 to"),
        ("THROTTLE_RATE", "1.5", "from 0 to"),
        ("STATEMENT_TIMEOUT_MS", "1", "from 100 to"),
        ("DATABASE_CONN_MAX_AGE", "-1", "from 0 to"),
        ("DATABASE_CONN_MAX_AGE", "\u0663", "from 0 to"),
        ("DEBUG", "maybe", "true or false"),
        ("HTTPS", "2", "true or false"),
        ("DATABASE_PREPARE", "never", "true or false"),
        ("TRUST_FORWARDED_PROTO", "x", "true or false"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR"),
        ("LOG_FORMAT", "XML", "JSON, CONSOLE"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_a_value_that_cannot_be_is_refused_by_name(read, name, value, words):
    with pytest.raises(ImproperlyConfigured, match=f"{name} must be .*{words}"):
        read(**PRODUCTION, **{name: value})


def test_production_is_careful_by_default(read):
    settings = read(**PRODUCTION)
    assert settings["DEBUG"] is False
    assert settings["ALLOWED_HOSTS"] == ["incidents.example.com"]
    for name in ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        assert settings[name] is True
    assert settings["SECURE_HSTS_SECONDS"] > 0
    assert "SECURE_PROXY_SSL_HEADER" not in settings
    assert read(**without("ALLOWED_HOSTS"))["ALLOWED_HOSTS"] == []


def test_a_laptop_makes_its_own_key_once(read, tmp_path):
    first, second = read(), read()
    kept = tmp_path / "data" / "secret_key"
    assert first["SECRET_KEY"] == second["SECRET_KEY"] == kept.read_text()
    assert len(first["SECRET_KEY"]) >= 50
    assert kept.stat().st_mode & 0o777 == 0o600
    assert first["EMBEDDED"] is True
    assert first["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]


def test_a_data_directory_that_cannot_be_made_is_refused(read, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ImproperlyConfigured, match="DATA_DIR"):
        read(DATA_DIR=tmp_path / "file" / "data")


def test_an_empty_variable_is_not_set(read):
    settings = read(**PRODUCTION, BODY_LIMIT="", DEBUG="", LOG_LEVEL="")
    assert (settings["BODY_LIMIT"], settings["DEBUG"]) == (1_048_576, False)
    assert settings["LOG_LEVEL"] == "INFO"


def manage(*arguments, **environment):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production_settings_are_fit_for_deployment(tmp_path):
    done = manage(
        "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION, DATA_DIR=str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["check", "migrate", "quickstart", "create_token"])
def test_no_command_starts_without_a_key(tmp_path, command):
    done = manage(command, **without("SECRET_KEY"), DATA_DIR=str(tmp_path))
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr
