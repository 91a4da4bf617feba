"""Whether the process lives, whether it can serve, and what it serves: for operators and machines.

It names no reason that would help a stranger; the log has it.  Public, because load balancers do not sign in.
"""

from __future__ import annotations

import logging

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import text

from meetings.access import Action
from web.container import container
from web.guard import allow

router = APIRouter(tags=["operations"])
log = logging.getLogger("web")


@router.get("/healthz", response_class=PlainTextResponse, dependencies=[Depends(allow(Action.PUBLIC))])
def alive() -> str:
    """The process answers."""
    return "ok\n"


@router.get("/readyz", dependencies=[Depends(allow(Action.PUBLIC))])
def ready(request: Request) -> JSONResponse:
    """200 when the database answers and files can be kept (and the media process is up, where there is one), else 503."""
    found = container(request)
    checks = {"database": _database(request), "files": found.settings.data.is_dir()}
    if found.hub is not None:
        checks["media"] = bool(getattr(found.hub, "ready", True))
    return JSONResponse({"ready": all(checks.values()), "checks": checks}, 200 if all(checks.values()) else 503)


def _database(request: Request) -> bool:
    try:
        with container(request).db.read() as conn:
            return bool(conn.execute(text("SELECT 1")).scalar() == 1)
    except Exception:  # whatever the driver raises, the answer is the same
        log.warning("the database does not answer", exc_info=True)
        return False


@router.get("/openapi.json", dependencies=[Depends(allow(Action.PUBLIC))], include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """The interface in OpenAPI, made from the routes themselves."""
    return JSONResponse(request.app.openapi())
