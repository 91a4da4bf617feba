"""/api: the interface for programs as a page, and its OpenAPI document.  Both public: they tell how to ask, not what is there."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from meetings.access import Action, Subject
from web.api import v1
from web.api.document import operations
from web.container import container
from web.guard import allow
from web.i18n import N_, _
from web.pages import page

TAGS = {
    "points": N_("Điểm cầu"), "meetings": N_("Cuộc họp"), "delegates": N_("Đại biểu"), "readiness": N_("Sẵn sàng"),
    "requests": N_("Yêu cầu"), "time": N_("Thời gian"), "feeds": N_("Lịch theo địa chỉ"),
    "invitations": N_("Giấy mời"), "rules": N_("Quy tắc đặt lịch"),
}

router = APIRouter(tags=["interface"])
PUBLIC = allow(Action.PUBLIC)


@router.get("/api/v1/openapi.json", include_in_schema=False)
def openapi(_subject: Subject = Depends(PUBLIC)) -> Response:
    return JSONResponse(v1.description(), headers={"cache-control": "no-cache"})


@router.get("/api", response_class=HTMLResponse, include_in_schema=False)
def described(request: Request, _subject: Subject = Depends(PUBLIC)) -> Response:
    """Every operation with what it takes, gives and refuses, drawn from the document."""
    document = v1.description()
    shapes = document["components"]["schemas"]
    groups: dict[str, list[dict[str, Any]]] = {}
    for method, path, operation in operations(document):
        tag = operation["tags"][0]
        groups.setdefault(_(TAGS[tag]), []).append(_shown(method, path, operation))
    return page(
        request, "interface/api.html", groups=groups, base=container(request).settings.base_url,
        shapes={name: _fields(shape) for name, shape in shapes.items()}, about=document["info"]["description"],
    )


def _shown(method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    answers = [(status, answer["description"], _name(answer)) for status, answer in sorted(operation["responses"].items())]
    return {
        "id": operation["operationId"], "method": method.upper(), "path": path, "about": operation.get("description", ""),
        "parameters": [(one["name"], one["in"], one.get("required", False), one.get("description", ""), _kind(one.get("schema", {})))
                       for one in operation.get("parameters", ())],
        "takes": body.get("$ref", "").rpartition("/")[2], "answers": answers,
    }


def _name(answer: dict[str, Any]) -> str:
    for content in answer.get("content", {}).values():
        return str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
    return ""


def _fields(shape: dict[str, Any]) -> dict[str, Any]:
    """A shape as a table: name, kind, whether it must be there, what it means."""
    required = shape.get("required", ())
    return {"about": shape.get("description", ""), "values": shape.get("enum", ()), "fields": [
        (name, _kind(field), name in required, field.get("description", ""), _ref(field))
        for name, field in shape.get("properties", {}).items()
    ]}


def _ref(schema: dict[str, Any]) -> str:
    """The shape a field is made of, if it has one."""
    for part in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        if "$ref" in part:
            return str(part["$ref"]).rpartition("/")[2]
    return ""


def _kind(schema: dict[str, Any]) -> str:
    """text ≤ 500, number 1–200, list of …, time, …: short enough for a table."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_kind(part) for part in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " | ".join(map(str, schema.get("enum") or [schema["const"]]))
    kind = str(schema.get("format") or schema.get("type", ""))
    if kind == "array":
        return f"[{_kind(schema.get('items', {}))}]" + (f" ≤ {schema['maxItems']}" if "maxItems" in schema else "")
    if "maxLength" in schema:
        kind += f" ≤ {schema['maxLength']}"
    if "minimum" in schema and "maximum" in schema:
        kind += f" {schema['minimum']}–{schema['maximum']}"
    return kind
