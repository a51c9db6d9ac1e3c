"""Every success of the API: written where it is made, since nothing is left to decide."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from incidents_project.exact_json import dumps
from incidents_project.http.envelope import Envelope, now

_BODILESS = frozenset({204, 304})


class Response(HttpResponse):
    """``{"data": ..., "sent_at": ...}``, with ``page`` where the data is an ``Envelope``."""

    def __init__(
        self, data: Any = None, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Of a status that allows no body only the headers are sent."""
        if status in _BODILESS:
            super().__init__(b"", "", status, headers=headers)
            del self.headers["Content-Type"]
            return
        super().__init__(_written(data), "application/json", status, headers=headers)


def _written(data: Any) -> bytes:
    if not isinstance(data, Envelope):
        return dumps({"data": data, "sent_at": now()})
    page = {} if data.page is None else {"page": data.page}
    return dumps({"data": data.data, **page, "sent_at": now()})
