"""Signing in and out, the password, the language.  What is right or wrong is decided in `web/auth.py`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from meetings.access import Action, Subject
from meetings.errors import Invalid
from meetings.store import ledger_store
from web import auth, places, session, store, words
from web.api import tokens
from web.container import container
from web.errors import explain, say
from web.guard import allow
from web.i18n import COOKIE, _, languages
from web.pages import done, page

router = APIRouter(tags=["accounts"], default_response_class=HTMLResponse)


def safe_next(text: str) -> str:
    """A path of our own, or the start page: never another site, whatever the address says."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or not text.startswith("/") or text.startswith(("//", "/\\")) or "\\" in text:
        return "/"
    return text


def address(request: Request) -> str:
    """Address of the client; behind the TLS front, the last one it added to X-Forwarded-For."""
    if container(request).settings.behind_proxy:
        forwarded = request.headers.get("x-forwarded-for", "").split(",")[-1].strip()
        if forwarded:
            return forwarded[:64]
    return request.client.host if request.client else ""


@router.get("/signin")
def signin_form(request: Request, _subject: Subject = Depends(allow(Action.PUBLIC))) -> Response:
    if request.state.subject.user_id:
        return RedirectResponse("/", 303)
    return _signin_page(request)


def _signin_page(request: Request, status: int = 200, **values: Any) -> HTMLResponse:
    shown = {"error": None, "login": "", "next": safe_next(request.query_params.get("next", "/"))}
    return page(request, "signin.html", status, **{**shown, **values})


@router.post("/signin")
def signin(request: Request, _subject: Subject = Depends(allow(Action.PUBLIC))) -> Response:
    found, form, now = container(request), request.state.form, container(request).clock.now()
    login, password = str(form.get("login", ""))[:200], str(form.get("password", ""))[:1000]
    following = safe_next(str(form.get("next", "/")))
    with found.db.write() as conn:
        auth.admit(conn, login, address(request), now)
    with found.db.read() as conn:
        account = auth.verify(conn, login, password)
    with found.db.write() as conn:
        auth.record(conn, account, login, address(request), now)
        token = session.start(conn, account.user_id, now) if account else None
    if token is None or account is None:
        return _signin_page(request, 422, error=say("signin.wrong"), login=login, next=following)
    response = done("/password" if account.must_change else following)
    session.send(response, found.settings, token)
    return response


@router.post("/signout")
def signout(request: Request, subject: Subject = Depends(allow(Action.PUBLIC))) -> Response:
    found = container(request)
    token = request.cookies.get(session.session_cookie(found.settings), "")
    with found.db.write() as conn:
        session.end(conn, token)
        if subject.user_id:
            actor = {"user": subject.user_id, "name": subject.name}
            ledger_store.append(conn, None, "signout", found.clock.now(), actor=actor)
    response = done("/signin")
    session.forget(response, found.settings)
    return response


@router.get("/password")
def password_form(request: Request, _subject: Subject = Depends(allow(Action.ACCOUNT))) -> Response:
    return page(request, "password.html", errors={}, first=request.state.account.must_change)


@router.post("/password")
def password(request: Request, _subject: Subject = Depends(allow(Action.ACCOUNT))) -> Response:
    found, form, account = container(request), request.state.form, request.state.account
    old, new, again = (str(form.get(name, ""))[:1000] for name in ("old", "password", "again"))
    problems: dict[str, str] = {}
    if new != again:
        problems["again"] = say("password.repeat")
    token = None
    if not problems:
        try:
            with found.db.read() as conn:
                known = store.password_hash_of(conn, account.user_id)
            digest = auth.new_hash(known, old, new)
            with found.db.write() as conn:
                auth.change_password(conn, account, known, digest, found.clock.now())
                token = session.start(conn, account.user_id, found.clock.now())
        except Invalid as error:
            problems[str(error.params.get("field", "password"))] = explain(error)
    if token is None:
        return page(request, "password.html", 422, errors=problems, first=account.must_change)
    response = done("/", "password")
    session.send(response, found.settings, token)
    return response


@router.post("/language")
def language(request: Request, _subject: Subject = Depends(allow(Action.PUBLIC))) -> Response:
    chosen = str(request.state.form.get("language", ""))
    response = done(safe_next(str(request.state.form.get("next", "/"))))
    if chosen in languages():
        secure = container(request).settings.secure
        response.set_cookie(COOKIE, chosen, max_age=31_536_000, samesite="lax", secure=secure, httponly=True, path="/")
    return response


@router.get("/account")
def account(request: Request, _subject: Subject = Depends(allow(Action.ACCOUNT))) -> Response:
    return account_page(request)


def account_page(request: Request, status: int = 200, **values: Any) -> HTMLResponse:
    """One's own account; also the answer when a token for a program was made (`routes/tokens.py`)."""
    found, subject, now = container(request), request.state.subject, container(request).clock.now()
    with found.db.read() as conn:
        unit_name = places.name(conn, subject.unit_id, found.when.today(now))
        kept = tokens.of(conn, subject.user_id, now)
    roles = [_(words.ROLES[role]) for role in sorted(subject.roles)]
    shown = {"made": None, "errors": {}, "typed": "", "tokens": kept, "days": tokens.DAYS}
    return page(request, "account.html", status, account=request.state.account, unit_name=unit_name, roles=roles,
                **{**shown, **values})
