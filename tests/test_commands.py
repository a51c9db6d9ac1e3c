"""What stands behind ``manage.py``: tokens, and help that does not fail."""

import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import (
    CommandError,
    call_command,
    get_commands,
    load_command_class,
)
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tenancy
from accounts.models import ApiToken
from tests.conftest import ACME, GLOBEX

MANAGE = Path(__file__).parent.parent / "manage.py"
ADA = ("--tenant", ACME, "--role", "incident_owner", "--name", "Ada")


def create_token(*arguments):
    """What the command prints: to standard output, and beside it."""
    out, err = io.StringIO(), io.StringIO()
    call_command("create_token", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def revoke_token(*arguments):
    out = io.StringIO()
    call_command("revoke_token", *arguments, stdout=out)
    return out.getvalue()


def bearing(token):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def stored_token():
    with tenancy.scope(ACME):
        return ApiToken.objects.get()


@pytest.mark.django_db
def test_the_token_stands_alone_on_standard_output_and_works(make_incident):
    make_incident()
    out, err = create_token(*ADA)
    token = out.removesuffix("\n")
    assert token.startswith("inc_")
    assert token.isprintable()
    assert " " not in token
    assert token not in err
    assert f"revoke_token --tenant acme {token[:12]}" in err
    body = bearing(token).get("/v1/incident").json()
    assert body["data"]["total"] == 1


@pytest.mark.django_db
def test_the_token_is_nowhere_in_the_database():
    token = create_token(*ADA)[0].strip()
    row = stored_token()
    kept = " ".join(str(getattr(row, field.attname)) for field in ApiToken._meta.fields)
    assert token not in kept
    assert token[12:] not in kept


@pytest.mark.django_db
def test_a_token_may_have_several_roles():
    token = create_token(*ADA, "--role", "deployer", "--role", "deployer")[0].strip()
    assert stored_token().roles == ["deployer", "incident_owner"]
    attribute = {"name": "count", "type": "INTEGER"}
    assert bearing(token).post("/v1/incident/attributes", attribute).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        ("2999-01-31", datetime(2999, 1, 31, tzinfo=UTC)),
        ("2999-01-31T12:00:00Z", datetime(2999, 1, 31, 12, tzinfo=UTC)),
        ("2999-01-31T12:00:00+08:00", datetime(2999, 1, 31, 4, tzinfo=UTC)),
        ("90d", timedelta(days=90)),
        ("12h", timedelta(hours=12)),
        ("5m", timedelta(minutes=5)),
    ],
)
def test_an_expiry_is_a_day_a_time_or_a_span(expires, expected):
    token, err = create_token(*ADA, "--expires", expires)
    expires_at = stored_token().expires_at
    if isinstance(expected, timedelta):
        expected = timezone.now() + expected
    assert abs(expires_at - expected) < timedelta(minutes=1)
    assert f"valid until {expires_at:%Y-%m-%d %H:%M} UTC" in err
    assert bearing(token.strip()).get("/v1/incident").status_code == 200


@pytest.mark.django_db
def test_without_an_expiry_it_is_good_until_it_is_revoked():
    _, err = create_token(*ADA)
    assert stored_token().expires_at is None
    assert "valid for ever" in err


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--tenant"),
        (ADA[:2] + ADA[4:], "--role"),
        (ADA[:4], "--name"),
        ((*ADA, "--role", "admin"), "'viewer', 'incident_owner', 'deployer'"),
        ((*ADA, "--expires", "soon"), "no day, time or span"),
        ((*ADA, "--expires", "2999-02-30"), "no day, time or span"),
        ((*ADA, "--expires", "2999-01-31T12:00:00"), "needs an offset"),
        ((*ADA, "--expires", "99999999999d"), "too long"),
        ((*ADA, "--expires", ""), "--expires"),
        ((*ADA, "--expires", "²d"), "--expires"),
        ((*ADA, "--expires", "2020-01-01"), "Must lie in the future"),
        ((*ADA, "--expires", "0d"), "Must lie in the future"),
        ((*ADA, "--tenant", ""), "1 to 64 printable characters"),
        ((*ADA, "--tenant", "a" * 65), "1 to 64 printable characters"),
        ((*ADA, "--tenant", "a\nb"), "1 to 64 printable characters"),
        ((*ADA, "--name", ""), "1 to 150 printable characters"),
        ((*ADA, "--name", "a" * 151), "1 to 150 printable characters"),
        ((*ADA, "--name", "\udcff"), "1 to 150 printable characters"),
        ((*ADA, "--frobnicate"), "--frobnicate"),
    ],
    ids=lambda value: ascii(value)[-40:],
)
def test_arguments_that_cannot_be_are_refused_in_words(arguments, words):
    with pytest.raises(CommandError, match=words.replace("(", r"\(")):
        create_token(*arguments)
    with tenancy.scope(ACME):
        assert not ApiToken.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("length", [12, 20, None])
def test_a_token_is_revoked_by_its_beginning(length):
    token = create_token(*ADA)[0].strip()
    other = create_token(*ADA)[0].strip()
    out = revoke_token("--tenant", ACME, token[:length])
    assert "Revoked Ada" in out
    assert token not in out
    assert bearing(token).get("/v1/incident").status_code == 401
    assert bearing(other).get("/v1/incident").status_code == 200


@pytest.mark.django_db
def test_revoking_again_keeps_the_moment():
    token = create_token(*ADA)[0].strip()
    revoke_token("--tenant", ACME, token)
    first = stored_token().revoked_at
    revoke_token("--tenant", ACME, token)
    assert stored_token().revoked_at == first


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["", "inc_", "i", "inc_%", "%", "nonsense", "inc_" + "a" * 43])
def test_what_names_no_token_revokes_none(given):
    token = create_token(*ADA)[0].strip()
    with pytest.raises(CommandError):
        revoke_token("--tenant", ACME, given)
    assert bearing(token).get("/v1/incident").status_code == 200


@pytest.mark.django_db
def test_another_tenants_token_is_not_found():
    token = create_token(*ADA)[0].strip()
    with pytest.raises(CommandError, match=f"No token of {GLOBEX}"):
        revoke_token("--tenant", GLOBEX, token)
    assert bearing(token).get("/v1/incident").status_code == 200


@pytest.mark.django_db
def test_the_last_use_is_noted_without_a_write_per_request():
    client = bearing(create_token(*ADA)[0].strip())
    assert stored_token().last_used_at is None
    client.get("/v1/incident")
    used = stored_token().last_used_at
    assert timezone.now() - used < timedelta(minutes=1)
    client.get("/v1/incident")
    assert stored_token().last_used_at == used


@pytest.mark.parametrize("name", sorted(get_commands()))
def test_every_command_explains_itself(name):
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    text = command.create_parser("manage.py", name).format_help()
    assert f"manage.py {name}" in text


def manage(*arguments, **environment):
    """A process of its own, with none of our settings but those given."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "DATA_DIR") if name in os.environ}
    return subprocess.run(
        [sys.executable, MANAGE, *arguments],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_manage_alone_lists_what_it_can_do():
    done = manage()
    assert done.returncode == 0
    for name in ("quickstart", "create_token", "revoke_token", "setup_database", "migrate"):
        assert name in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [("create_token", "--tenant", ACME), ("create_token", *ADA, "--expires", "2020-01-01")],
    ids=["missing", "past"],
)
def test_a_refusal_is_words_and_an_exit_code(arguments):
    done = manage(*arguments)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "--role" in done.stderr or "--expires" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_full_disk_is_said_without_a_traceback():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, MANAGE, "help"],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 74
    assert done.stderr.startswith("The output could not be written;")
    assert "Traceback" not in done.stderr
