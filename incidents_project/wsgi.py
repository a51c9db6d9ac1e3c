"""The service as a WSGI application."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "incidents_project.settings")
django.setup(set_prefix=False)

from incidents_project.http.handler import Handler  # noqa: E402 - it needs the settings

application = Handler()
