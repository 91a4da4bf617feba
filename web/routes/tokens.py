"""Mã cho chương trình: one makes and revokes one's own tokens on the account page.  The secret is shown in the answer and
never again; what a token may do is decided in `web/api/tokens.py`.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action, Subject
from meetings.errors import Conflict, Invalid
from web.api import tokens
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.legible import number
from web.pages import done
from web.routes.auth import account_page

router = APIRouter(prefix="/account/tokens", tags=["accounts"], default_response_class=HTMLResponse)


@router.post("")
def make(request: Request, subject: Subject = Depends(allow(Action.SELF))) -> Response:
    found, form = container(request), request.state.form
    name, scope, days = (str(form.get(field, ""))[:1000] for field in ("name", "scope", "days"))
    try:
        with found.db.write() as conn:
            made = tokens.make(conn, subject, name, scope, number(days) or 0, found.clock.now())
    except (Invalid, Conflict) as error:
        field = str(error.params.get("field", "token_name"))
        return account_page(request, status_of(error), errors={field: explain(error)}, typed=name)
    return account_page(request, made=made)


@router.post("/{token_id}/revoke")
def revoke(request: Request, token_id: str, subject: Subject = Depends(allow(Action.SELF))) -> Response:
    found = container(request)
    with found.db.write() as conn:
        tokens.revoke(conn, subject, token_id, found.clock.now())
    return done("/account", "token_revoked")
