"""How the service is served: ``gunicorn incidents_project.wsgi`` reads this file by itself.

A process for each processor, since the threads of one wait for each other's Python, and more than
that take each other's memory out of the processors' caches; four threads each, since a request
waits for the database, and some wait long. Every thread keeps a connection to it. No preloading: a
connection that was opened before a fork would be shared.
"""

import os
from typing import Any

from incidents_project import env
from incidents_project.background import background
from incidents_project.http.worker import WORKER

_LEAST, _MOST = 2, 8  # processes: one is there while another is replaced; 32 connections are many


def _processors() -> int:
    """Those that we may run on, where that can be told."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or _LEAST


bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS", min(max(_LEAST, _processors()), _MOST)))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = WORKER
timeout = 30  # seconds until a worker that does not answer is replaced
graceful_timeout = 20  # seconds for requests under way when the service is stopped
keepalive = 75  # seconds: longer than a proxy keeps an idle connection
max_requests = 50_000
max_requests_jitter = 5_000
limit_request_line = 8_190  # bytes
limit_request_field_size = 8_190
accesslog = None  # the service writes one structured line per request itself
errorlog = "-"
loglevel = "warning"
control_socket_disable = True
run_jobs = env.flag("RUN_JOBS", default=False)


def when_ready(_server: Any) -> None:
    """Start the worker of background jobs, where it is to be this server's."""
    if run_jobs:
        background.start()


def on_exit(_server: Any) -> None:
    """End it."""
    background.stop()
