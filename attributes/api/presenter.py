"""A definition on the wire."""

from typing import Any

from attributes.indexes import IndexState
from attributes.models import AttributeMeta


def present(definition: AttributeMeta, index_state: IndexState) -> dict[str, Any]:
    """The attribute as the API answers it, ``name`` and ``type`` first."""
    typed = definition.typed()
    default = definition.default
    return {
        "name": definition.name,
        "type": definition.type,
        "label": definition.label,
        "description": definition.description,
        "required": definition.required,
        "default": None if default is None else typed.present(default),
        "rules": definition.rules,
        "state": definition.state,
        "required_when": definition.required_when,
        "applies_to": definition.applies_to,
        "unique": definition.unique,
        "indexed": definition.indexed,
        "index_state": index_state,
        "group": definition.group,
        "help_text": definition.help_text,
        "order": definition.order,
        "id": definition.id,
        "occ_lock": definition.occ_lock,
        "created_at": definition.created_at,
        "created_by": definition.created_by,
        "updated_at": definition.updated_at,
        "updated_by": definition.updated_by,
    }
