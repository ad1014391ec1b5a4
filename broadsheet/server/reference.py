"""The OpenAPI document as a page needs it: one flat value for each operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation: where it stands (path or query), and what it may be, in words."""

    name: str
    place: str
    kind: str
    required: bool
    default: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked over HTTP; `answer` is the media type, `shape` the name of what it holds."""

    method: str
    path: str
    description: str
    group: str
    parameters: tuple[Parameter, ...]
    answer: str
    shape: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of object that answers hold: its fields as (name, kind)."""

    name: str
    description: str
    fields: tuple[tuple[str, str], ...]


def operations(document: Schema) -> list[Operation]:
    """Return what an OpenAPI 3.1 document offers, in its order."""
    return [
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def shapes(document: Schema) -> list[Shape]:
    """Return the objects that an OpenAPI 3.1 document describes."""
    return [
        Shape(
            name=name,
            description=schema.get("description", ""),
            fields=tuple((field, _kind(part)) for field, part in schema.get("properties", {}).items()),
        )
        for name, schema in document.get("components", {}).get("schemas", {}).items()
    ]


def _operation(method: str, path: str, operation: Schema) -> Operation:
    contents: Schema = operation["responses"]["200"].get("content", {})
    answer = next(iter(contents), "")
    return Operation(
        method=method.upper(),
        path=path,
        description=operation.get("description", ""),
        group=next(iter(operation.get("tags", ())), ""),
        parameters=tuple(_parameter(parameter) for parameter in operation.get("parameters", ())),
        answer=answer,
        shape=_kind(contents[answer].get("schema", {}) if answer else {}),
    )


def _parameter(parameter: Schema) -> Parameter:
    schema = parameter.get("schema", {})
    default = schema.get("default")
    return Parameter(
        name=parameter["name"],
        place=parameter["in"],
        kind=_kind(schema),
        required=parameter.get("required", False),
        default="" if default is None else str(default),
        description=parameter.get("description", ""),
    )


def _kind(schema: Schema) -> str:
    return " or ".join(dict.fromkeys(_kinds(schema)))


def _kinds(schema: Schema) -> Iterator[str]:
    if "$ref" in schema:
        yield schema["$ref"].rsplit("/", 1)[-1]
    elif "anyOf" in schema:
        for choice in schema["anyOf"]:
            yield from _kinds(choice)
    elif "enum" in schema or "const" in schema:
        yield ", ".join(str(value) for value in schema.get("enum", (schema.get("const"),)))
    elif schema.get("type") == "array":
        yield f"list of {_kind(schema.get('items', {}))}"
    elif "minimum" in schema and "maximum" in schema:
        yield f"{schema['minimum']} to {schema['maximum']}"
    elif "type" in schema:
        yield str(schema["type"])
