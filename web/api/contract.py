"""What OpenAPI says of one route: which shape it takes and gives, which headers it wants, which refusals it knows.

`contract(...)` gives the keyword arguments of the route's decorator, so the description stands where the route does.  It
changes nothing about how the route runs: bodies are read by `body.of`, headers by `etag` and `idempotency`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from web.api.problem import MEDIA_TYPE
from web.api.shapes import Problem

ALWAYS = (400, 401, 403, 404, 422, 429, 503)
"""Refusals that every route knows."""

IF_MATCH = {
    "name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"},
    "description": "The ETag of the version you change. Without it 428, from an older version 412.",
    "example": '"0f9b2c4d5e6f708192a3b4c5d6e7f809"',
}
KEY = {
    "name": "Idempotency-Key", "in": "header", "required": True,
    "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[!-~]+$"},
    "description": "A word of your own for this creation; sent again within 24 hours it gives the same answer and does nothing.",
    "example": "6f1c0a52-8f0e-4f6a-9d3e-giao-ban-thang-3",
}
IF_NONE_MATCH = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "The ETag you have: 304 without a body while nothing has changed.",
}
ETAG = {"ETag": {"description": "Version of what is shown.", "schema": {"type": "string"}}}
LINK = {"Link": {"description": 'Address of the next part, rel="next".', "schema": {"type": "string"}}}
CREATED = {
    **ETAG, "Location": {"description": "Address of what was made.", "schema": {"type": "string"}},
    "Idempotency-Replayed": {"description": "`true` on an answer that was given before.", "schema": {"type": "string"}},
}


def contract(
    operation: str, gives: Any, *refusals: int, status: int = 200, listed: bool = False, asks: bool = False,
) -> dict[str, Any]:
    """`gives` is the shape of the answer; `refusals` beyond ALWAYS.  412 stands for If-Match, 201 for Idempotency-Key.

    `asks`: a question with a body, which wants no header and has no 304.
    """
    changes, creates = 412 in refusals, status == 201
    headers = CREATED if creates else {**ETAG, **(LINK if listed else {})}
    responses: dict[int | str, dict[str, Any]] = {status: {"model": gives, "headers": headers}}
    if not changes and not creates and not asks:
        responses[304] = {"description": "You have it already."}
    for refusal in sorted({*ALWAYS, *refusals, *((428,) if changes else ())}):
        responses[refusal] = problem(refusal)
    wanted = [KEY] if creates else [IF_MATCH] if changes else [] if asks else [IF_NONE_MATCH]
    return {
        "operation_id": operation, "status_code": status, "response_model": None, "responses": responses,
        "response_description": HTTPStatus(status).phrase,
        "openapi_extra": {"parameters": wanted},
    }


def problem(status: int) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
