"""What a technician's programs read: the relay's counters, as JSON.  Decides nothing, changes nothing."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from meetings.access import Action
from web.container import container
from web.guard import allow
from web.hub import Away

router = APIRouter(prefix="/admin", tags=["operations"])


@router.get("/media", dependencies=[Depends(allow(Action.OPS))])
async def media(request: Request, room: str | None = None) -> JSONResponse:
    """CPU seconds, memory, counters and rooms of the relay; one room when `room` names it.  503 while it is away."""
    try:
        return JSONResponse(await container(request).hub.stats(room))
    except Away:
        return JSONResponse({"error": "media.away"}, 503, {"retry-after": "2"})
