"""Answers that are no refusals: JSON of a shape with its ETag, 304 for what the program has already, and creations that
are done once however often they are sent.

`private, no-cache`: a program may keep what it got, but asks before it uses it again; nobody between may keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from sqlalchemy import Connection

from meetings.access import Subject
from web.api import etag, idempotency
from web.api.body import JSON
from web.api.idempotency import Answered
from web.api.paging import Part, link
from web.api.shapes import Listed, Out
from web.container import container

KEPT = {"cache-control": "private, no-cache", "vary": "authorization, cookie, accept-language"}


def written(shown: Out) -> bytes:
    """The shape as it goes out."""
    return shown.model_dump_json().encode()


def tag(shown: Out) -> str:
    """Of the bytes, without what is only said beside them: it is that of the thing, whoever shows it."""
    return etag.of(shown.model_dump_json(exclude=set(shown.beside)).encode())


def show(request: Request, shown: Out, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The shape with its ETag; 304 for a reader who has these very bytes."""
    body, version = written(shown), tag(shown)
    told = {**KEPT, "etag": version, **(headers or {})}
    if request.method in ("GET", "HEAD") and etag.matches(request.headers.get("if-none-match"), version):
        return Response(status_code=304, headers=told)
    return Response(body, status, told, JSON)


def listed(request: Request, found: Part[Any], line: Callable[[Any], Out]) -> Response:
    """One part of a list with the address of the next."""
    items = [line(one) for one in found.items]
    return show(request, Listed[Any](items=items, next=found.next), headers=link(request, found))


def once(
    request: Request, subject: Subject, create: Callable[[Connection], tuple[Out, str]],
    secret: Mapping[str, Any] | None = None,
) -> tuple[Response, bool]:
    """Runs `create` in one transaction with its Idempotency-Key: (201 with the shape and its address, whether it is new).

    `create` gives the shape and the path of what it made.  A replay is answered with the very same bytes, but for a
    `secret` (fields and what stands in their place): it is told once and kept nowhere, and the ETag is that of what is kept.
    """
    found, now = container(request), container(request).clock.now()
    route = f"{request.method} {request.url.path}"
    asked = idempotency.asked(
        subject.user_id or "", request.headers.get(idempotency.HEADER), route, request.state.body)
    with found.db.write() as conn:
        before = idempotency.begin(conn, asked, now)
        if before is not None:
            headers = {**before.headers, idempotency.REPLAYED: "true"}
            return Response(before.body, before.status, headers, JSON), False
        shown, path = create(conn)
        kept = shown.model_copy(update=dict(secret)) if secret else shown
        headers = {**KEPT, "etag": tag(kept), "location": path}
        idempotency.keep(conn, asked, Answered(201, headers, written(kept).decode()))
    return Response(written(shown), 201, headers, JSON), True


def changed(
    request: Request, look: Callable[[Connection], Out], work: Callable[[Connection, datetime], Out | None],
) -> Response:
    """Runs `work` on the version named in If-Match, in one transaction; the answer is what it gives, else what stands then.

    `look` locks what is to be changed before it reads it.
    """
    found, now = container(request), container(request).clock.now()
    given = etag.wanted(request.headers.get("if-match"))
    with found.db.write() as conn:
        etag.check(given, tag(look(conn)))
        shown = work(conn, now) or look(conn)
    return show(request, shown)
