"""Giấy mời: the invitation as PDF and DOCX, for everybody who may read the meeting, from its convening on.

Printed for each request from the ledger, word for word and byte for byte as it stands in the packet.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Depends, Request, Response

from meetings.access import Action
from meetings.errors import NotFound
from minutes import service
from minutes.docx import render_docx
from minutes.model import DocumentModel
from minutes.pdf import render_pdf
from minutes.release import MEDIA_TYPES, What
from web import views
from web.container import container
from web.guard import allow

router = APIRouter(prefix="/meetings/{meeting_id}", tags=["minutes"])
READ = [Depends(allow(Action.MEETING_READ, views.meeting))]
_AS: dict[str, tuple[What, Callable[[DocumentModel], bytes]]] = {
    "pdf": (What.PDF, lambda model: render_pdf(model).data), "docx": (What.DOCX, render_docx),
}


@router.get("/invitation.{ending}", dependencies=READ)
def document(request: Request, meeting_id: str, ending: str) -> Response:
    with container(request).db.read() as conn:
        model = service.invitation(conn, meeting_id)
    return send(model, ending)


def send(model: DocumentModel | None, ending: str) -> Response:
    """The document as a file to keep: `ending` is "pdf" or "docx".  Raises NotFound where there is none of it."""
    if model is None or ending not in _AS:
        raise NotFound("not_found")
    what, render = _AS[ending]
    name = f"{service.invitation_stem(model)}.{ending}"
    return Response(render(model), media_type=MEDIA_TYPES[what], headers={
        "content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-cache",
    })
