"""What stands beside the code agrees with it: settings, containers, proxy, requirements."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from packaging.requirements import Requirement

ROOT = Path(settings.BASE_DIR)
SECRETS = {"SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL"}


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(read("compose.yaml"))


def settings_read_by_the_code() -> set[str]:
    files = [*(ROOT / "incidents_project").rglob("*.py"), ROOT / "gunicorn.conf.py"]
    call = re.compile(
        r"(?:\benv\.(?:text|flag|number|choice|listing|secret|database)|\benviron\.get)"
        r'\(\s*"([A-Z_]+)"'
    )
    names = {name for file in files for name in call.findall(file.read_text(encoding="utf-8"))}
    return names | SECRETS | {f"{name}_FILE" for name in SECRETS}


def settings_in_the_example() -> dict[str, str]:
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", read(".env.example"), re.MULTILINE))


def test_every_setting_stands_in_the_example_and_nothing_else():
    assert set(settings_in_the_example()) == settings_read_by_the_code()


def test_the_example_sets_nothing_by_itself():
    lines = [line for line in read(".env.example").splitlines() if line.strip()]
    assert [line for line in lines if not line.startswith("#")] == []


def test_the_example_shows_the_defaults():
    example = settings_in_the_example()
    assert int(example["BODY_LIMIT"]) == settings.BODY_LIMIT
    assert example["DEBUG"] == "false"
    assert example["TRUST_FORWARDED_PROTO"] == "false"


def test_the_proxy_admits_bodies_of_the_size_the_service_admits():
    limit = re.search(r"client_max_body_size (\d+);", read("deploy/nginx.conf"))
    assert int(limit[1]) == settings.BODY_LIMIT


def test_every_secret_of_compose_is_made_and_used(compose):
    made = read("deploy/make-secrets")
    for name, secret in compose["secrets"].items():
        assert secret == {"file": f"./deploy/secrets/{name}"}
        assert name in made
    used = {name for service in compose["services"].values() for name in service.get("secrets", ())}
    assert used == set(compose["secrets"])


def test_compose_sets_only_what_the_service_reads(compose):
    for name in ("service", "migrate", "worker"):
        assert set(compose["services"][name]["environment"]) <= settings_read_by_the_code()


def test_only_the_migration_and_the_worker_know_more_than_the_service(compose):
    knowing = {
        secret: {
            name for name, each in compose["services"].items() if secret in each.get("secrets", ())
        }
        for secret in ("database_owner_url", "database_admin_url")
    }
    assert knowing == {
        "database_owner_url": {"migrate", "worker"},
        "database_admin_url": {"migrate"},
    }


def test_only_the_proxy_is_reachable_from_outside(compose):
    assert [name for name, service in compose["services"].items() if "ports" in service] == [
        "proxy"
    ]
    assert compose["networks"]["inside"] == {"internal": True}
    assert compose["services"]["database"]["networks"] == ["inside"]


def test_secrets_reach_containers_as_files_alone(compose):
    secret = re.compile("PASSWORD|SECRET|URL")
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if secret.search(name):
                assert name.endswith("_FILE")
                assert Path(value).parent == Path("/run/secrets")
                assert Path(value).name in service["secrets"]


def test_the_image_is_built_without_secrets_and_runs_without_root():
    image = read("Dockerfile")
    assert not re.search(r"(?i)^ARG|password|secret|_url", image, re.MULTILINE)
    assert re.search(r"^USER 10001:10001$", image, re.MULTILINE)


def test_the_image_holds_everything_the_service_imports():
    admitted = set(re.findall(r"^!([\w.]+)", read(".dockerignore"), re.MULTILINE))
    packages = {init.parent.name for init in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages | {"templates", "manage.py", "gunicorn.conf.py"} <= admitted
    assert "tests" not in admitted


def test_secrets_are_made_once_and_kept(tmp_path):
    script = tmp_path / "deploy" / "make-secrets"
    script.parent.mkdir()
    script.write_text(read("deploy/make-secrets"), encoding="utf-8")
    for kept in ("tls_key", "tls_certificate"):  # openssl is not everywhere
        (tmp_path / "deploy" / "secrets").mkdir(exist_ok=True)
        (tmp_path / "deploy" / "secrets" / kept).write_text("mine")
    command = ["sh", str(script), "incidents.example.com"]
    made = []
    for _ in range(2):
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        made.append({f.name: f.read_text() for f in (tmp_path / "deploy" / "secrets").iterdir()})
    assert made[0] == made[1]
    assert len(made[0]["secret_key"]) >= 50
    assert made[0]["database_admin_password"] in made[0]["database_admin_url"]
    passwords = {made[0][name].split("@")[0].split(":")[2] for name in made[0] if "_url" in name}
    assert len(passwords) == 3
    assert (tmp_path / "deploy" / "secrets").stat().st_mode & 0o077 == 0


def pins(path: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", read(path), re.MULTILINE))


@pytest.mark.parametrize(
    ("path", "extra"), [("requirements.txt", "test"), ("requirements-dev.txt", "dev")]
)
def test_the_pinned_requirements_are_what_the_project_asks_for(path, extra):
    project = tomllib.loads(read("pyproject.toml"))["project"]
    pinned = pins(path)
    for line in [*project["dependencies"], *project["optional-dependencies"][extra]]:
        requirement = Requirement(line)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert name in pinned, f"{path} lacks {name}: CONTRIBUTING.md says how to renew it"
        assert requirement.specifier.contains(pinned[name]), f"{path} is older than pyproject.toml"


def test_both_files_of_requirements_pin_the_same_versions():
    service, development = pins("requirements.txt"), pins("requirements-dev.txt")
    shared = service.keys() & development.keys()
    assert {name: service[name] for name in shared} == {name: development[name] for name in shared}


def test_the_requirements_name_no_place_to_install_from():
    for path in ("requirements.txt", "requirements-dev.txt"):
        assert not re.search(r"https?://|file:|^\s*--|find-links", read(path), re.MULTILINE)


@pytest.mark.parametrize("path", ["requirements.txt", "requirements-dev.txt"])
def test_the_command_that_renews_the_requirements_is_the_documented_one(path):
    command = read(path).splitlines()[1].lstrip("# ")
    assert command.startswith("uv pip compile")
    assert command in read("CONTRIBUTING.md").splitlines()
