"""Reads what a program sends: JSON of the named shape, or every mistake in words.

The body is read only after the guard has let the request in, and never through the framework's own parsing, whose
errors are neither problems nor in the reader's language.  `of(Shape)` is the dependency that gives the value; the bytes stay in
`request.state.body` for the Idempotency-Key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from fastapi import Request
from pydantic import ValidationError

from web.api import messages
from web.api.problem import Refused, for_field, wrong
from web.api.shapes import In

Shape = TypeVar("Shape", bound=In)
JSON = "application/json"
NAMED = 50
"""Mistakes named in one answer."""


def of(shape: type[Shape]) -> Callable[[Request], Awaitable[Shape]]:
    """A dependency that reads the body.  Raises Refused: 415 for another type, 400 for bad syntax, 422 for mistakes."""

    async def read(request: Request) -> Shape:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise Refused("api.type", 415, type=JSON)
        request.state.body = await request.body()
        return parse(shape, request.state.body)

    read.shape = shape  # type: ignore[attr-defined]  # read by `document.py`
    return read


def parse(shape: type[Shape], body: bytes) -> Shape:
    """The value, or Refused("api.syntax", 400), Refused("api.invalid", 422, errors=[…])."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        if found[0]["type"] == "json_invalid":
            raise Refused("api.syntax", 400, why=str(found[0]["ctx"]["error"])) from None
        raise wrong(in_words(found)) from None


def in_words(found: Iterable[Mapping[str, Any]], prefix: str = "") -> list[dict[str, str]]:
    """Each mistake with its pointer and a sentence that names the field as people call it."""
    return [for_field(_pointer(one["loc"], prefix), str(one["type"]), messages.mistake(one)) for one in list(found)[:NAMED]]


def _pointer(loc: tuple[int | str, ...], prefix: str) -> str:
    if prefix:
        return prefix + str(loc[-1])
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1")[:100] for step in loc)
