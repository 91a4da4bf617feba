"""Giấy mời: the invitation as PDF and DOCX, for everybody who may read the meeting, from its convening on.

Printed for each request from the ledger, word for word and byte for byte as it stands in the packet.
"""

from __future__ import annotations

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


@router.get("/invitation.pdf", dependencies=READ)
def as_pdf(request: Request, meeting_id: str) -> Response:
    model = _model(request, meeting_id)
    return _send(render_pdf(model).data, What.PDF, f"{service.invitation_stem(model)}.pdf")


@router.get("/invitation.docx", dependencies=READ)
def as_docx(request: Request, meeting_id: str) -> Response:
    model = _model(request, meeting_id)
    return _send(render_docx(model), What.DOCX, f"{service.invitation_stem(model)}.docx")


def _model(request: Request, meeting_id: str) -> DocumentModel:
    with container(request).db.read() as conn:
        model = service.invitation(conn, meeting_id)
    if model is None:
        raise NotFound("not_found")
    return model


def _send(data: bytes, what: What, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-cache"}
    return Response(data, media_type=MEDIA_TYPES[what], headers=headers)
