"""What front ends build their forms from: the types, and the schema of the values."""

from typing import Any

from rest_framework import status
from rest_framework.request import Request

from accounts.principal import READ
from accounts.viewsets import PrincipalViewSet
from attributes import hosts, jsonschema, types
from attributes.api import openapi
from attributes.models import RequiredWhen
from attributes.schema import schemas
from incidents_project.http.conditional import none_match
from incidents_project.http.paging import check_parameters
from incidents_project.http.response import Response
from incidents_project.refusals import Fault, Invalid

_COMMON: dict[str, Any] = {
    "label": {"type": "string", "maxLength": 200},
    "description": {"type": "string", "maxLength": 2_000},
    "help_text": {"type": "string", "maxLength": 500},
    "group": {"type": "string", "maxLength": 100},
    "order": {"type": "integer"},
    "required": {"type": "boolean"},
    "required_when": {
        "anyOf": [
            {"enum": RequiredWhen.values},
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
        ]
    },
    "applies_to": {"type": "array", "items": {"type": "string"}},
    "unique": {"type": "boolean"},
    "indexed": {"type": "boolean"},
    "default": {},
    "missing_value": {},
}


class TypesViewSet(PrincipalViewSet):
    """The types an attribute may have."""

    required_roles = {"list": READ}
    documentation = openapi.TYPES

    def list(self, request: Request) -> Response:
        """Each type with its rules, operators and widget; and what all attributes have."""
        check_parameters(request, set())
        return Response({"types": [present(type_) for type_ in types.TYPES], "common": _COMMON})


def present(type_: type[types.AttributeType]) -> dict[str, Any]:
    """A type as the API answers it."""
    return {
        "name": type_.name,
        "label": type_.label,
        "widget": type_.widget,
        "ordered": type_.ordered,
        "operators": list(type_.operators),
        "example": type_.example,
        "rules": [
            {
                "name": rule.name,
                "schema": rule.metadata["schema"],
                "default": None if rule.default is None else rule.metadata["shown"](rule.default),
                "help_text": rule.metadata["help_text"],
            }
            for rule in type_.rule_fields()
        ],
    }


class ValuesSchemaViewSet(PrincipalViewSet):
    """The schema of the values of this deployment."""

    required_roles = {"retrieve": READ}
    documentation = openapi.VALUES_SCHEMA

    def retrieve(self, request: Request) -> Response:
        """JSON Schema of ``attributes``, of one type and status where they are named."""
        check_parameters(request, {"type", "status"})
        kind = _one_of(request, "type", hosts.kinds())
        stage = _one_of(request, "status", hosts.stages())
        schema = schemas.now()
        headers = {"ETag": f'"{schema.stamp}"'}
        if none_match(request, str(schema.stamp)):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        return Response(jsonschema.of_values(schema, kind=kind, stage=stage), headers=headers)


def _one_of(request: Request, parameter: str, known: list[str]) -> str | None:
    sent = request.query_params.getlist(parameter)
    if not sent:
        return None
    if len(sent) > 1 or sent[0] not in known:
        message = f"Must be one of {', '.join(known)}."
        raise Invalid.because([Fault(parameter, "unknown_code", message)])
    return sent[0]
