"""The JSON Schema of a form's file: generated from its types, explained in both languages.

Editors that know TOML schemas (Taplo, Even Better TOML) complete and explain by it, through a first line
``#:schema form.schema.json``. What only two values together show, ``omr forms check`` says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from omr.forms.content import Template
from omr.messages import LANGUAGES, catalogue

FILE: Final = "form.schema.json"
DIRECTIVE: Final = f"#:schema {FILE}"


def schema() -> dict[str, Any]:
    """Return the schema; every key has its explanation."""
    made = Template.model_json_schema(mode="validation")
    for model, properties in _models(made):
        for name, about in properties.items():
            about["description"] = " · ".join(explained(model, name, code) for code in LANGUAGES)
            about.pop("title", None)
    made["$schema"] = "http://json-schema.org/draft-07/schema#"
    made["title"] = "omr form"
    made.pop("description", None)
    return made


def text() -> str:
    """Return the schema as the file has it."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def explained(model: str, name: str, code: str) -> str:
    """Return what a key means: said for its table, else for all tables that have it.

    Raises
    ------
    KeyError
        If nobody wrote it down.
    """
    texts = catalogue(code, "keys")
    return texts[f"{model}_{name}"] if f"{model}_{name}" in texts else texts[name]


@cache
def keys_by_table() -> dict[str, frozenset[str]]:
    """Return the keys of each table, by its name in the file, the same in every language."""
    made = _models(Template.model_json_schema(mode="validation"))
    return {_in_file(model): frozenset(properties) for model, properties in made}


def _in_file(model: str) -> str:
    if model in _INSIDE:
        return _INSIDE[model]
    return re.sub(r' of (?:kind )?"(\w+)"', r" (\1)", _TABLES.get(model, model).replace("`", ""))


def keys_table() -> str:
    """Return the tables of all keys for the documents: key, type, limits, default, meaning."""
    lines = []
    for model, properties in _models(schema()):
        lines += [
            f"### {_TABLES.get(model, model)}",
            "",
            "| key | what | default | meaning |",
            "|---|---|---|---|",
        ]
        required = _required(model)
        for name, about in properties.items():
            default = (
                "needed" if name in required else f"`{json.dumps(about.get('default'), ensure_ascii=False)}`"
            )
            meaning = explained(model, name, "en")
            lines.append(f"| `{name}` | {_limits(about)} | {default} | {meaning} |")
        lines.append("")
    return "\n".join(lines)


_TABLES: Final = {
    "Template": "The file",
    "Sizes": "`[sizes]`",
    "Header": "`[header]`",
    "Instructions": "`[instructions]`",
    "Footer": "`[footer]`",
    "Choices": '`[[section]]` of kind "choices"',
    "ChoiceQuestion": '`[[section.question]]` of "choices"',
    "Choice": "An option of it",
    "OnlyIf": "`only_if`",
    "Matrix": '`[[section]]` of kind "matrix"',
    "MatrixQuestion": '`[[section.question]]` of "matrix"',
    "Level": "A level of it",
    "Ranking": '`[[section]]` of kind "ranking"',
    "Ranked": "A thing that it puts in order",
    "Scale": '`[[section]]` of kind "scale"',
    "ScaleQuestion": '`[[section.question]]` of "scale"',
    "Digits": '`[[section]]` of kind "digits"',
    "NumberQuestion": '`[[section.question]]` of kind "number"',
    "DateQuestion": '`[[section.question]]` of kind "date"',
    "CodeQuestion": '`[[section.question]]` of kind "code"',
    "Comment": '`[[section]]` of kind "comment"',
    "Electronic": "`[section.electronic]`",
}


# Where a table stands that has no head of its own.
_INSIDE: Final = {
    "Template": "form.toml",
    "Choice": "options (choices)",
    "Ranked": "options (ranking)",
    "Level": "levels",
    "OnlyIf": "only_if",
}


def _models(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each table's name and keys: the whole file first, then in the order of `_TABLES`."""
    parts = {"Template": made, **made.get("$defs", {})}
    order = list(_TABLES)
    for name in sorted(parts, key=lambda name: (order.index(name) if name in order else len(order), name)):
        if "properties" in parts[name]:
            yield name, parts[name]["properties"]


def _required(model: str) -> set[str]:
    made = schema()
    return set((made if model == "Template" else made["$defs"][model]).get("required", ()))


def _limits(about: dict[str, Any]) -> str:
    """Return in words what a key may hold."""
    if "anyOf" in about:
        kinds = [_limits(one) for one in about["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in about:
        return ", ".join(f"`{value}`" for value in about["enum"])
    if "const" in about:
        return f"`{about['const']}`"
    kind = about.get("type", "table")
    if kind == "array":
        most = about.get("maxItems")
        return f"list, {about.get('minItems', 0)} to {most}" if most else "list"
    if "minimum" in about:
        return (
            f"{about['minimum']:g} to {about['maximum']:g}"
            if "maximum" in about
            else f"{about['minimum']:g} or more"
        )
    return {"string": "text", "number": "number", "integer": "whole number", "boolean": "true, false"}.get(
        kind, "table"
    )
