"""Is compose.yaml what the Compose specification allows? Asked without a container engine."""

import json
import re
from pathlib import Path

import yaml
from compose_spec import PyCompose

_PLACEHOLDER = re.compile(r"\$\{[A-Z_]+(?::-(?P<default>[^}]*)|:\?[^}]*)\}")


def check(path: Path) -> None:
    """Raise with what is wrong."""
    filled = _PLACEHOLDER.sub(lambda found: found["default"] or "filled", path.read_text())
    compose = PyCompose.from_json(json.dumps(yaml.safe_load(filled)))
    compose.validate()


if __name__ == "__main__":
    try:
        check(Path("compose.yaml"))
    except ValueError as error:
        raise SystemExit(f"compose.yaml: {error}") from error
