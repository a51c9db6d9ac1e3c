"""Structured logs: one line of JSON per event, or something pleasant to read on a laptop.

Settings import this module, so it imports neither settings nor anything that needs them.
"""

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog
from structlog.typing import Processor

from incidents_project.http import correlation
from incidents_project.http.envelope import now

# No line says them, and finding them out takes longer than the rest of a record. The process stays:
# gunicorn's own lines name it.
logging.logThreads = logging.logMultiprocessing = False


_WRITTEN = "written"  # marks a record that ``write`` made


def configuration(level: str, *, style: str) -> dict[str, Any]:
    """The ``LOGGING`` setting; ``style`` is ``JSON`` or ``CONSOLE``."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_COMMON,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": _Line,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *_rendering(style),
                ],
                "foreign_pre_chain": _COMMON,
            }
        },
        "filters": {"with_traceback": {"()": lambda: _has_traceback}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Below INFO, Django writes SQL with its parameters.
            "django": {"handlers": [], "level": "INFO" if level == "DEBUG" else level},
            # The request's own line tells its status; what is left to say is the traceback.
            "django.request": {"filters": ["with_traceback"], "level": "ERROR"},
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
        },
    }


def write(logger: logging.Logger, level: int, event: str, **members: Any) -> None:
    """Log an event as structlog would, without looking for who calls: each request pays for it."""
    if not logger.isEnabledFor(level):
        return
    members |= {
        "event": event,
        "level": logging.getLevelName(level).lower(),
        "logger": logger.name,
        "timestamp": now(),
    }
    members = _correlate(logger, event, members)
    record = logging.LogRecord(logger.name, level, "", 0, members, None, None)
    # What structlog's own formatter asks for as well.
    record.__dict__.update({_WRITTEN: True, "_logger": logger, "_name": event})
    logger.handle(record)


class _Line(structlog.stdlib.ProcessorFormatter):
    """Structlog's, which does not take apart again what ``write`` has put together."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        if _WRITTEN not in record.__dict__:
            return super().format(record)
        members: Any = record.msg
        return str(self.processors[-1](None, record.levelname, members))


def _correlate(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    if known := correlation.known():
        event["correlation_id"] = known
    return event


def _has_traceback(record: logging.LogRecord) -> bool:
    return bool(record.exc_info)


def _as_json(event: Any, **_: Any) -> str:
    try:
        return orjson.dumps(event, default=repr).decode()
    except orjson.JSONEncodeError:  # half a character in a foreign message
        return json.dumps(event, default=repr)


def _rendering(style: str) -> list[Processor]:
    if style == "JSON":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_as_json)]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]


_COMMON: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _correlate,
]
