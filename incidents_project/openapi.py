"""``/v1/schema``: what the API of this very deployment takes and answers, as OpenAPI; ``/docs``."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar

from django.http import HttpResponse
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from rest_framework import status
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from attributes.api import openapi as attributes
from attributes.api import openapi_changes, openapi_document
from attributes.schema import PerEpoch, Stamped, schemas
from incidents.api import openapi as incidents
from incidents.codes import codes
from incidents_project.exact_json import dumps
from incidents_project.http.openapi import Answer, Documentation, Json, Operation, record
from incidents_project.http.paging import check_parameters
from incidents_project.http.response import Response

MEDIA_TYPE = "application/vnd.oai.openapi+json"

_ABOUT = """\
The system of record for incidents, whose attributes the deployer defines. This document describes
this deployment: its attributes and its codes as they are now.

**Who asks.** `Authorization: Bearer <token>`. The tenant is the token's; no request names one.

**Answers.** Every success with a body is `{"data": ..., "sent_at": ...}`, with `page` where a
collection has pages. Every refusal is `application/problem+json` and lists all wrong fields at
once; `code` is for programs and stands in the table at `ProblemCode`. Members and query parameters
that do not exist are refused; those that only the server makes (`id`, `created_at` ...) are
ignored, so that a client may send back what it read. `X-Correlation-ID` names the request in the
log.

**Absent, null and empty** are three things: *absent* in a request leaves a value alone, `null`
clears it, `""` is a value where the type allows it. In an answer an attribute without a value is
absent. Text that denotes exactly one value of another type is accepted (`"5"` for a number) and
answered as that type (`5`); what would lose or guess is refused. Times need an offset and are
answered in UTC; those outside 1970 to 2200 are refused unless an attribute's rules allow them.
Numbers have 40 digits at most and are exact. Text holds no NUL character.

**Versions.** `occ_lock` rises by 1 with every stored change. Whoever changes an incident or a
comment says which version: `occ_lock` in the body (409 if stale) or `If-Match` with the `ETag`
(412).

**Attributes change while they are in use.** A preview (`.../attributes/{name}/preview`) says what a
change would do to how many values, and gives a `plan`: the change that is sent with it is refused
(409 `stale_plan`) if the attributes were changed since. What has to go over stored values is done
by a job, of which there is one for each attribute at a time: the answer is 202, with the job as
its `Location`. All definitions are one document too (`.../attributes/document`), to be kept as a
file: it is planned, and then applied as a whole.
"""


def complete(result: Json, **_: Any) -> Json:
    """The generator's last step: what the paths refer to, as it is at this epoch."""
    schema = schemas.now()
    parts = attributes.components(schema) | openapi_changes.components()
    parts |= openapi_document.components()
    parts |= incidents.components(schema, codes.at(schema.stamp))
    result["info"]["description"] = _ABOUT
    result["paths"] |= {
        path: {"get": operation.document(path)} for path, operation in _PROBES.items()
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            parts.complete(operation)
    result["components"] = parts.document()
    return result


@dataclass(frozen=True, slots=True)
class Document:
    """The document as sent. Its tag names the epoch and, for upgrades, the content."""

    etag: str
    content: bytes


def _load() -> Stamped[Document]:
    # Should the epoch move on meanwhile, the document is newer than its stamp, and made again.
    stamp = schemas.now().stamp
    content = dumps(SchemaGenerator().get_schema(public=True))  # type: ignore[no-untyped-call]
    return Stamped(stamp, Document(f'"{stamp}.{sha256(content).hexdigest()[:8]}"', content))


document: PerEpoch[Document] = PerEpoch(_load)


class OpenAPI(BaseRenderer):
    """What a client may ask for by its own name; ``SchemaView`` writes it."""

    media_type = MEDIA_TYPE
    format = "openapi"


class SchemaView(APIView):
    """The document, for everybody: what it says is no secret, and clients are generated from it."""

    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (OpenAPI,)
    documentation: ClassVar[Documentation] = {
        "get": Operation(
            name="readSchema",
            tag="Service",
            summary="Read this document",
            description="It changes when an attribute or a code does.",
            answers={
                200: Answer("OpenAPI 3.1.", {"type": "object"}, headers=("ETag",), plain=True),
                304: Answer("The version that you have is the newest.", headers=("ETag",)),
            },
            parameters=("If-None-Match",),
            public=True,
        )
    }

    def get(self, request: Request) -> HttpResponse:
        """The document, or 304."""
        check_parameters(request, set())
        current = document.now()
        headers = {"ETag": current.etag, "Cache-Control": "no-cache"}
        if _is_held(request, current.etag):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        asked = MEDIA_TYPE in request.META.get("HTTP_ACCEPT", "")
        media_type = MEDIA_TYPE if asked else "application/json"
        return HttpResponse(current.content, media_type, headers=headers)


def _is_held(request: Request, etag: str) -> bool:
    held = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    return "*" in held or etag in {tag.removeprefix("W/") for tag in held}


def _probe(name: str, summary: str, state: str, refusals: tuple[int, ...] = ()) -> Operation:
    data = record({"status": {"type": "string", "const": state}}, required=("status",))
    return Operation(
        name=name,
        tag="Service",
        summary=summary,
        answers={200: Answer("Yes.", data)},
        refusals=refusals,
        public=True,
        probe=True,
    )


_PROBES = {
    "/livez": _probe("isLive", "Whether the process answers", "live"),
    "/readyz": _probe("isReady", "Whether the service can do its work", "ready", (503,)),
}

schema = SchemaView.as_view()
docs = require_safe(TemplateView.as_view(template_name="docs.html"))
