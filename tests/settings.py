"""The product's own settings, on a database cluster of the tests' own."""

import os
from pathlib import Path

os.environ.setdefault("DATA_DIR", str(Path(__file__).parent.parent / "var" / "tests"))
os.environ.setdefault("EMBEDDED_FSYNC", "off")  # nothing in it is worth keeping
os.environ.setdefault("THROTTLE_RATE", "0")
os.environ.setdefault("LOG_LEVEL", "ERROR")

from incidents_project.settings import *  # noqa: F403

# A client makes the middleware anew, which would look through all static files each time.
WHITENOISE_AUTOREFRESH = True
