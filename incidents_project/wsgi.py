"""The service as a WSGI application."""

import os

from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, reset_queries

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "incidents_project.settings")
application = get_wsgi_application()

# What Django does around every request and nobody here needs: old connections are closed at its end
# alone, no request has routes of its own, and there is no cache.
request_started.disconnect(close_old_connections)
request_started.disconnect(reset_queries)
request_finished.disconnect(reset_urlconf)
request_finished.disconnect(close_caches)
