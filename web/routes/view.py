"""How large a receiver shows its pictures: with that the relay sends nothing larger than is seen, and nothing that is not.

It only passes numbers on; which layer comes is decided by the relay and the line.  Called by static/room/view.js.
"""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response

from media.errors import Gone, MediaError
from web.container import container
from web.limits import KIB
from web.routes.media import PUBLIC, Problem, answered, own_session

router = APIRouter(prefix="/media", tags=["media"])

BODY = 4 * KIB
SLOTS = 64       # as many sections as an offer may have
ROWS = 8192      # more than any screen has


@router.put("/sessions/{session}/view", status_code=204, dependencies=[PUBLIC])
async def view(request: Request, session: str) -> Response:
    """JSON `{mid: rows}` in pixels of the screen, 0: not looked at.  A slot that is not named stays as it was."""

    async def work() -> Response:
        await own_session(request, session)
        heights = _heights(await request.body())
        try:
            await container(request).hub.crew.view(session, heights)
        except Gone:
            raise
        except MediaError as error:
            raise Problem(404, "session.unknown") from error
        return Response(status_code=204)

    return await answered(work)


def _heights(body: bytes) -> dict[str, int]:
    """Raises Problem where it is anything but slots and rows."""
    try:
        found = json.loads(body) if len(body) <= BODY else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or len(found) > SLOTS or not all(
        0 < len(mid) <= SLOTS and type(rows) is int and 0 <= rows <= ROWS for mid, rows in found.items()
    ):
        raise Problem(400, "media.view")
    return found
