"""Keys of the contract: each is one of OpenAPI 3.1, of JSON Schema or of the schema it is an example of.

An unquoted comma in YAML ends a value and turns the rest of the sentence into a key without a value. Most
tools ignore it.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import msgspec
import pytest

TEXT = files("services.sandbox").joinpath("openapi.yaml").read_text(encoding="utf-8")
CONTRACT: dict[str, Any] = msgspec.yaml.decode(TEXT)

LEAF, FREE = "leaf", "free"
GRAMMAR: dict[str, dict[str, str]] = {
    "document": {
        "openapi": LEAF, "info": "info", "servers": "[]server", "security": "[]{}leaf", "tags": "[]tag",
        "paths": "{}path", "components": "components",
    },
    "info": {
        "title": LEAF, "version": LEAF, "summary": LEAF, "description": LEAF, "contact": "contact",
        "license": "license",
    },
    "contact": {"name": LEAF, "url": LEAF, "email": LEAF},
    "license": {"name": LEAF, "identifier": LEAF, "url": LEAF},
    "server": {"url": LEAF, "description": LEAF},
    "tag": {"name": LEAF, "description": LEAF},
    "path": dict.fromkeys(("get", "put", "post", "delete", "patch"), "operation") | {
        "parameters": "[]parameter"
    },
    "operation": {
        "tags": LEAF, "operationId": LEAF, "summary": LEAF, "description": LEAF, "security": "[]{}leaf",
        "parameters": "[]parameter", "requestBody": "body", "responses": "{}response",
    },
    "parameter": {
        "$ref": LEAF, "name": LEAF, "in": LEAF, "required": LEAF, "description": LEAF, "schema": "schema",
    },
    "body": {"required": LEAF, "description": LEAF, "content": "{}media"},
    "response": {
        "$ref": LEAF, "description": LEAF, "headers": "{}header", "content": "{}media", "links": "{}link",
    },
    "header": {"$ref": LEAF, "description": LEAF, "required": LEAF, "schema": "schema"},
    "media": {"schema": "schema", "example": FREE, "examples": "{}example"},
    "example": {"summary": LEAF, "description": LEAF, "value": FREE},
    "link": {"operationId": LEAF, "description": LEAF, "parameters": "{}leaf"},
    "components": {
        "securitySchemes": "{}scheme", "parameters": "{}parameter", "headers": "{}header",
        "responses": "{}response", "schemas": "{}schema",
    },
    "scheme": {"type": LEAF, "description": LEAF, "flows": "{}flow"},
    "flow": {"authorizationUrl": LEAF, "tokenUrl": LEAF, "refreshUrl": LEAF, "scopes": "{}leaf"},
    "schema": dict.fromkeys(
        (
            "$ref", "type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum",
            "maximum", "minItems", "maxItems", "minProperties", "maxProperties", "required", "description",
            "default", "examples",
        ),
        LEAF,
    ) | {
        "properties": "{}schema", "items": "schema", "additionalProperties": "schema",
        "propertyNames": "schema", "patternProperties": "{}schema", "allOf": "[]schema", "anyOf": "[]schema",
        "oneOf": "[]schema", "not": "schema", "if": "schema", "then": "schema", "else": "schema",
    },
}  # fmt: skip
"""Keys of each kind of object and the kind of their values: `[]` a list, `{}` a mapping of free keys."""


def unknown_keys(value: Any, kind: str, place: str = "") -> list[str]:
    """Return the places of `value` that are not of the kind."""
    if kind == FREE or (kind == "schema" and isinstance(value, bool)):
        return []
    if kind.startswith("[]"):
        return [
            fault for i, each in enumerate(value) for fault in unknown_keys(each, kind[2:], f"{place}/{i}")
        ]
    if kind.startswith("{}"):
        return [
            fault for key, each in value.items() for fault in unknown_keys(each, kind[2:], f"{place}/{key}")
        ]
    if kind == LEAF:
        nested = any(isinstance(each, dict | list) for each in value) if isinstance(value, list) else False
        return [place] if nested or value is None or isinstance(value, dict) else []
    grammar = GRAMMAR[kind]
    return [f"{place}/{key}" for key in value if key not in grammar] + [
        fault
        for key, each in value.items()
        if key in grammar
        for fault in unknown_keys(each, grammar[key], f"{place}/{key}")
    ]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a `$ref` leads to, else `schema`."""
    while "$ref" in schema:
        *_, section, name = schema["$ref"].split("/")
        schema = CONTRACT["components"][section][name]
    return schema


def members(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties that a schema declares, in whichever of its alternatives."""
    schema = resolved(schema)
    found: dict[str, dict[str, Any]] = dict(schema.get("properties", {}))
    for word in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(word, ()):
            found |= members(part)
    return found


def item(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resolved(schema).get("items", {})
    return found


def undeclared(value: Any, schema: dict[str, Any], place: str) -> list[str]:
    """Return the members of an example that its schema does not declare."""
    if isinstance(value, list):
        return [
            fault for i, each in enumerate(value) for fault in undeclared(each, item(schema), f"{place}/{i}")
        ]
    if not isinstance(value, dict):
        return []
    free = resolved(schema).get("additionalProperties")
    patterns: dict[str, dict[str, Any]] = resolved(schema).get("patternProperties", {})
    declared = dict.fromkeys(value, free) if free else members(schema)
    declared |= {key: each for pattern, each in patterns.items() for key in value if re.search(pattern, key)}
    return [f"{place}/{key}" for key in value if key not in declared] + [
        fault
        for key, each in value.items()
        if key in declared
        for fault in undeclared(each, declared[key], f"{place}/{key}")
    ]


def media_types(value: Any, place: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return every media type of a document, by its place."""
    if isinstance(value, list):
        return [found for i, each in enumerate(value) for found in media_types(each, f"{place}/{i}")]
    if not isinstance(value, dict):
        return []
    here = [(f"{place}/content/{name}", each) for name, each in value.get("content", {}).items()]
    return here + [found for key, each in value.items() for found in media_types(each, f"{place}/{key}")]


def faults(contract: dict[str, Any]) -> list[str]:
    found = unknown_keys(contract, "document")
    for place, media in media_types(contract):
        examples = [media["example"]] if "example" in media else []
        examples += [example["value"] for example in media.get("examples", {}).values()]
        found += [fault for each in examples for fault in undeclared(each, media["schema"], place)]
    return found


def test_contract_has_no_unknown_key() -> None:
    assert faults(CONTRACT) == []


@pytest.mark.parametrize(
    ("quoted", "unquoted"),
    [
        ('"This occurrence, by its correlator."', "This occurrence, by its correlator."),
        ('"The last day, included."', "The last day, included."),
        ('"J\'ai payé 2,99 € la semaine dernière."', "J'ai payé 2,99 € la semaine dernière."),
        ('"What stays due: all that is on no bill yet."', "What stays due, all of it"),
        ("description: Signed out.", "description: {Signed, out}"),
    ],
)
def test_unquoted_comma_in_the_contract_is_found(quoted: str, unquoted: str) -> None:
    assert quoted in TEXT
    broken = msgspec.yaml.decode(TEXT.replace(quoted, unquoted))
    assert faults(broken) != []
