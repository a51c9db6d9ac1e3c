"""The tests' settings, in a process of its own on the database of a test."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

for _each in DATABASES.values():
    _each["NAME"] = os.environ["TEST_DATABASE"]
