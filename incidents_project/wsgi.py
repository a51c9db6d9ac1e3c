"""The service as a WSGI application."""

import os

from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, reset_queries

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "incidents_project.settings")
application = get_wsgi_application()

# Both are done at the end of each request as well; there is nothing to do before the next.
request_started.disconnect(close_old_connections)
request_started.disconnect(reset_queries)
