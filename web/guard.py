"""The one door of every route: who asks, may they, and did the request come from our own page.

    @router.get("/meetings/{meeting_id}")
    def show(request: Request, subject: Subject = Depends(allow(Action.MEETING_READ, meeting))) -> Response: ...

The order is chosen so that a stranger costs little: whether the address can be read at all, origin headers, then the
subject, then `access.decide` on the resource that the loader finds, and only then the body of the form and its token.
A route without `allow` fails a test.  It never decides anything itself: that is `meetings/access.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection
from starlette.datastructures import FormData

from meetings import access
from meetings.access import Action, Resource, Subject
from meetings.errors import NotAllowed, NotFound
from meetings.store import ledger_store
from web import csrf, legible, session
from web.container import Container, container
from web.limits import FORM_FIELDS, FORM_FILES

Loader = Callable[[Request, Connection], Resource]
Who = Callable[[Container, Request], Subject]
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


class SignInFirst(Exception):
    """Nobody is signed in and the page is not public.  Says nothing about whether the thing exists."""


class PasswordFirst(Exception):
    """The account still has the password that somebody else chose."""


def allow(
    action: Action, loader: Loader | None = None, *, who: Who = session.of_request, bearer: bool = False
) -> Callable[[Request], AsyncIterator[Subject]]:
    """A dependency that yields the Subject when it may do `action` on what `loader` finds.

    `who` finds the subject (the cookie's session unless the route has its own way: join links, delegates' links).
    `bearer` marks routes that carry their own ticket in the Authorization header: no cookie, so no form token.
    The same holds for one request when `who` found a token of the interface (it leaves `request.state.api_token`).
    Leaves `request.state.subject`, `.resource` and, for forms, `.form`.
    """

    async def check(request: Request) -> AsyncIterator[Subject]:
        found = container(request)
        legible.check(request.path_params.values(), 404)
        legible.check(text for pair in request.query_params.multi_items() for text in pair)
        if not bearer:
            csrf.check_origin(request)
        subject = await run_in_threadpool(_decide, found, request, action, loader, who)
        form = None
        try:
            carried = bearer or getattr(request.state, "api_token", None) is not None
            if request.method not in csrf.SAFE and not carried:
                form = await _form(request)
                given = str(form.get(csrf.FIELD, "")) or request.headers.get(csrf.HEADER, "")
                csrf.check_token(request, given)
            request.state.form = form
            yield subject
        finally:
            if form is not None:
                await form.close()

    check.action = action  # type: ignore[attr-defined]  # read by the test that enumerates routes
    check.bearer = bearer  # type: ignore[attr-defined]
    return check


async def _form(request: Request) -> FormData:
    if request.headers.get("content-type", "").startswith(FORM_TYPES):
        return await legible.form(request, FORM_FILES, FORM_FIELDS)
    return FormData()


def _decide(found: Container, request: Request, action: Action, loader: Loader | None, who: Who) -> Subject:
    subject = who(found, request)
    request.state.subject = subject  # error pages show the frame of whoever asked
    known = subject.user_id or subject.seat or subject.person or subject.delegate
    if action is not Action.PUBLIC and not known:
        found.counts.add("access", "deny", action.value)
        raise SignInFirst
    account = getattr(request.state, "account", None)
    if account is not None and account.must_change and action not in (Action.PUBLIC, Action.ACCOUNT):
        raise PasswordFirst
    resource = Resource(kind="page")
    try:
        if loader is not None:
            with found.db.read() as conn:
                resource = loader(request, conn)
        access.require(subject, action, resource)
    except (NotAllowed, NotFound):
        found.counts.add("access", "deny", action.value)
        _audit(found, request, subject, action)
        raise
    found.counts.add("access", "allow", action.value)
    request.state.resource = resource
    return subject


def _audit(found: Container, request: Request, subject: Subject, action: Action) -> None:
    """Refusals are recorded too: somebody trying other people's addresses leaves a trace.

    What does not exist is recorded like what is not theirs: neither the trace nor the time of a write tells them apart.
    """
    if subject.user_id is None:
        return
    data: dict[str, Any] = {"action": action.value, "path": request.url.path[:200]}
    with found.db.write() as conn:
        actor = {"user": subject.user_id, "name": subject.name}
        ledger_store.append(conn, None, "access.denied", found.clock.now(), actor=actor, data=data)
