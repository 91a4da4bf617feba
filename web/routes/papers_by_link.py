"""The meeting's documents for a point, by its link."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from meetings import papers
from meetings.access import Action, Subject
from web.container import container
from web.routes.by_link import link
from web.routes.join import seat_of

router = APIRouter(prefix="/j", tags=["room"])

SHOWN_INLINE = ("application/pdf", "image/png", "image/jpeg", "text/plain")


@router.get("/{secret}/documents/{document_id}")
def document(
    request: Request, secret: str, document_id: str, subject: Subject = link(Action.DOCUMENT_READ)
) -> Response:
    """A document of the meeting; what browsers can show opens beside the room."""
    found, seat = container(request), seat_of(subject)
    with found.db.read() as conn:
        one = papers.document(conn, seat.meeting_id, document_id)
    inline = one.media_type in SHOWN_INLINE
    return FileResponse(
        found.blobs.path(one.sha256), media_type=one.media_type, filename=one.name,
        content_disposition_type="inline" if inline else "attachment",
    )
