"""The interface in OpenAPI 3.1, made from the routes and shapes themselves, so that it cannot fall behind them.

Public, like the product's source: it tells how to ask, never what is there (docs/decisions/0020).  `of(routers)` gives
the document; `v1.py` keeps it, `routes/interface.py` sends it and draws its page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from web.api.body import JSON
from web.api.shapes import Problem

REF = "#/components/schemas/{model}"
ABOUT = (
    "Điểm Cầu for programs. Every address does what the page of the same name does, in one transaction, with the same "
    "rules. Send `Authorization: Bearer <token>` (made on the account page) or, from a page, the session cookie and "
    "`X-CSRF-Token`. Times carry their zone. Every answer has a strong `ETag`; a change names it in `If-Match`, a creation its own "
    "`Idempotency-Key`. Lists come in parts, the next one's address in `Link`. Refusals are problem documents (RFC 9457) in the "
    "language of Accept-Language; what is not yours is not found."
)
_LISTED = re.compile(r"\bListed_(\w+?)(?:Out)?_(?=\")")  # the library's name of Listed[PointOut]; here it is PointList
UNUSED = ("HTTPValidationError", "ValidationError")


def of(routers: Sequence[APIRouter]) -> dict[str, Any]:
    """The whole document."""
    routes = [route for router in routers for route in router.routes]
    made = get_openapi(title="Điểm Cầu", version="1", description=ABOUT, routes=routes)
    components = made.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for name in UNUSED:
        schemas.pop(name, None)
    takes = [(route, shape) for route in routes if isinstance(route, APIRoute) for shape in _shapes(route)]
    schemas |= _schemas([Problem, *(shape for _route, shape in takes)])
    for route, shape in takes:
        content = {"schema": {"$ref": REF.format(model=shape.__name__)}}
        for method in route.methods:
            made["paths"][route.path_format][method.lower()]["requestBody"] = {"required": True, "content": {JSON: content}}
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token of an account, `dc_…`."},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "session", "description": "A page's session, with X-CSRF-Token."},
    }
    made["security"] = [{"token": []}, {"cookie": []}]
    components["schemas"] = dict(sorted(schemas.items()))
    named: dict[str, Any] = json.loads(_LISTED.sub(r"\1List", json.dumps(made)))
    return named


def _shapes(route: APIRoute) -> Iterator[type[BaseModel]]:
    """The shape of the body a route reads."""
    for dependency in route.dependant.dependencies:
        if shape := getattr(dependency.call, "shape", None):
            yield shape


def _schemas(shapes: Sequence[type[BaseModel]]) -> dict[str, Any]:
    _names, found = models_json_schema([(shape, "validation") for shape in shapes], ref_template=REF)
    return dict(found["$defs"])


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of all of it, in the order of the routes."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation
