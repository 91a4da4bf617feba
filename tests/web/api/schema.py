"""Whether a value is what a schema of the OpenAPI document says: the part of JSON Schema that the document uses, nothing else.  A tool of the tests.

A keyword that it does not know fails, so that nothing passes because it was not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

import httpx

from web.api import v1
from web.api.document import operations

DOCUMENT = v1.description()
SHAPES = DOCUMENT["components"]["schemas"]
KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),),
}
WORDS = {"title", "description", "examples", "example", "default"}
KNOWN = WORDS | {"$ref", "anyOf", "enum", "const", "type", "format", "properties", "required", "additionalProperties", "items", "maxItems",
                 "minItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "maxProperties", "propertyNames"}


def mistakes(value: Any, schema: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Everything in which the value is not as described."""
    assert schema.keys() <= KNOWN, sorted(schema.keys() - KNOWN)
    if "$ref" in schema:
        yield from mistakes(value, SHAPES[schema["$ref"].rpartition("/")[2]], where)
        return
    if "anyOf" in schema:
        if all(list(mistakes(value, one, where)) for one in schema["anyOf"]):
            yield f"{where}: {value!r} is none of {schema['anyOf']}"
        return
    kind = schema.get("type")
    if kind and (not isinstance(value, KINDS[kind]) or kind != "boolean" and isinstance(value, bool)):
        yield f"{where}: {value!r} is no {kind}"
        return
    if "enum" in schema and value not in schema["enum"] or "const" in schema and value != schema["const"]:
        yield f"{where}: {value!r}"
    yield from _inside(value, schema, where)


def _inside(value: Any, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    if isinstance(value, dict):
        fields, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        yield from (f"{where}: no {name}" for name in schema.get("required", ()) if name not in value)
        if len(value) > schema.get("maxProperties", len(value)):
            yield f"{where}: {len(value)} members"
        for name, inner in value.items():
            yield from mistakes(name, schema.get("propertyNames", {}), f"{where}/{name}")
            if name in fields:
                yield from mistakes(inner, fields[name], f"{where}/{name}")
            elif isinstance(more, Mapping):
                yield from mistakes(inner, more, f"{where}/{name}")
            elif not more:
                yield f"{where}/{name}: not described"
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{where}: {len(value)} items"
        for place, inner in enumerate(value):
            yield from mistakes(inner, schema.get("items", {}), f"{where}/{place}")
    elif isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)) or not _formed(value, schema):
            yield f"{where}: {value!r}"
    elif isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{where}: {value!r}"


def _formed(text: str, schema: Mapping[str, Any]) -> bool:
    if "pattern" in schema and not re.search(schema["pattern"], text):
        return False
    try:
        return {"date-time": lambda: datetime.fromisoformat(text).tzinfo is not None,
                "date": lambda: bool(date.fromisoformat(text))}.get(schema.get("format", ""), lambda: True)()
    except ValueError:
        return False


_PATHS = [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), method.upper(), operation) for method, path, operation in operations(DOCUMENT)]
_PATHS.sort(key=lambda one: one[0].pattern.count("[^/]+"))  # what is named in full goes before what is a parameter


def operation_of(request: httpx.Request) -> Mapping[str, Any] | None:
    return next((operation for path, method, operation in _PATHS if method == request.method and path.fullmatch(request.url.path)), None)


async def true_to_the_document(answer: httpx.Response) -> None:
    """A hook of every client of these tests: no answer is other than the document says."""
    operation = operation_of(answer.request)
    if operation is None:
        return
    await answer.aread()
    described = operation["responses"].get(str(answer.status_code))
    assert described, f"{operation['operationId']} answers {answer.status_code}, which is not described: {answer.text}"
    if content := described.get("content"):
        assert (kind := answer.headers["content-type"]) in content, answer.text
        schema = content[kind]["schema"]
        wrong = [] if schema.get("format") == "binary" else list(mistakes(answer.json(), schema))
        assert not wrong and answer.content, f"{operation['operationId']}: {wrong}"
    for name in described.get("headers", {}):
        assert name in ("Link", "Idempotency-Replayed") or name in answer.headers, f"{operation['operationId']}: no {name}"
