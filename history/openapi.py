"""The history calls as the API's document describes them."""

from incidents_project.http.openapi import Answer, Components, Json, array_of, record

_CHANGE = record(
    {
        "field": {"type": "string", "description": "`attributes.` and the name for an attribute."},
        "slot": {
            "type": "string",
            "description": "What identifies an attribute's values through every rename.",
        },
        "old": {"description": "null where there was no value."},
        "new": {"description": "null where there is no value any more."},
    },
    required=("field", "old", "new"),
)
_VERSION: Json = {"type": ["integer", "null"]}

COMPONENTS = Components(
    schemas={
        "HistoryEntry": record(
            {
                "id": {"type": "string", "format": "uuid"},
                "at": {"type": "string", "format": "date-time"},
                "subject": {"type": "string", "description": "Who, as the token says."},
                "name": {"type": "string", "description": "The same for people."},
                "tenant_id": {"type": "string"},
                "action": {"type": "string", "examples": ["incident.updated"]},
                "object_id": {"type": "string", "format": "uuid"},
                "occ_lock_before": _VERSION,
                "occ_lock_after": _VERSION,
                "changes": {"type": "array", "items": _CHANGE},
                "correlation_id": {"type": "string"},
            },
            required=(
                "id",
                "at",
                "subject",
                "name",
                "tenant_id",
                "action",
                "object_id",
                "occ_lock_before",
                "occ_lock_after",
                "changes",
                "correlation_id",
            ),
            description="One change: who, when, what. Nobody can alter it afterwards.",
            examples=[
                {
                    "id": "019a8f3e-5b7c-7d21-9c44-0d7f5a0b6e13",
                    "at": "2026-01-22T06:31:00.251946Z",
                    "subject": "ada",
                    "name": "Ada",
                    "tenant_id": "acme",
                    "action": "incident.updated",
                    "object_id": "e322ab0e-07b3-49bd-b904-7014512032e3",
                    "occ_lock_before": 0,
                    "occ_lock_after": 1,
                    "changes": [{"field": "status", "old": "NEW", "new": "OPEN"}],
                    "correlation_id": "0192e4a0-7d3c-7b52-8f6e-2c8b3f1f9a10",
                }
            ],
        )
    }
)
ENTRIES = Answer("A page of entries, newest first.", array_of("HistoryEntry"), page=True)
