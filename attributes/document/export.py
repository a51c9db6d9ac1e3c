"""Writing a document: the same text whoever asks, and one that is read back as it was."""

import sys
from decimal import Decimal
from typing import Any

import yaml

from attributes.document.parse import is_ambiguous
from attributes.types import Json
from incidents_project.exact_json import dumps


def as_yaml(document: Json) -> str:
    """The document in YAML: members in the order they are in, one line for what is short."""
    written: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize
    )
    return written


def as_json(document: Json) -> str:
    """The same document in JSON, on one line."""
    return f"{dumps(document).decode()}\n"


class _Dumper(yaml.SafeDumper):
    """Writes text so that no reader takes it for anything else."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write out whatever stands twice."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002
        """Lists stand further in than what they belong to."""
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None
    if is_ambiguous(text):
        style = '"'
    elif not text.isprintable():
        # A block keeps \n as it is; other breaks, and what cannot be seen, are safe in quotes only.
        style = "|" if text.replace("\n", "").isprintable() and text[0].isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _number(dumper: yaml.SafeDumper, number: Decimal) -> yaml.Node:
    written = format(number, "f")
    kind = "float" if "." in written else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", written)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, _number)
