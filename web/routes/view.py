"""What a receiver looks at: how large it shows its pictures, and whom it wants in which slot.

With that the relay sends nothing larger than is seen, and nothing that is not.  It only passes numbers and names on; which layer
comes is decided by the relay and the line, whose picture may be seen by the room's policy.  Called by static/room/view.js and by
the pages that show more than the stage.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from media.errors import Gone, MediaError
from media.limits import MAX_NAME
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
    return await _tell(request, session, "media.view", _is_rows, container(request).hub.crew.view)


@router.put("/sessions/{session}/pins", status_code=204, dependencies=[PUBLIC])
async def pins(request: Request, session: str) -> Response:
    """JSON `{mid: name}`: this publisher stands in that slot; "" nobody, null whoever comes first.  Others stay as they were."""
    return await _tell(request, session, "media.pins", _is_name, container(request).hub.crew.pin)


async def _tell(
    request: Request, session: str, code: str, valid: Callable[[Any], bool], say: Callable[[str, dict[str, Any]], Awaitable[None]]
) -> Response:
    async def work() -> Response:
        await own_session(request, session)
        found = _by_slot(await request.body(), code, valid)
        try:
            await say(session, found)
        except Gone:
            raise
        except MediaError as error:
            raise Problem(404, "session.unknown") from error
        return Response(status_code=204)

    return await answered(work)


def _is_rows(value: Any) -> bool:
    return type(value) is int and 0 <= value <= ROWS


def _is_name(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= MAX_NAME)


def _by_slot(body: bytes, code: str, valid: Callable[[Any], bool]) -> dict[str, Any]:
    """Raises Problem where it is anything but slots and what is said of each."""
    try:
        found = json.loads(body) if len(body) <= BODY else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or len(found) > SLOTS or not all(
        0 < len(mid) <= SLOTS and valid(value) for mid, value in found.items()
    ):
        raise Problem(400, code)
    return found
