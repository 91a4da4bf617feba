"""Kiểm tra chữ ký: a page for everybody, by uploading a file or by the code behind the QR on the minutes.

It says what `minutes.verify` says and keeps nothing of what was uploaded.  By code it judges the bytes that are
stored, so somebody with a paper copy can compare; it shows nothing of minutes that were not issued.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action
from meetings.errors import NotFound
from minutes import layout, service, store, verify
from minutes.verify import Verdict
from web import rates
from web import verdict as words
from web.container import Container, container
from web.guard import allow
from web.i18n import _
from web.limits import VERIFIES_PER_ADDRESS, VERIFIES_WINDOW
from web.pages import page
from web.routes.auth import address

router = APIRouter(prefix="/verify", tags=["verify"], default_response_class=HTMLResponse)
OPEN = Depends(allow(Action.PUBLIC))


def trusted(found: Container) -> tuple[bytes, ...]:
    """Whom this installation trusts: the authority of its signers, but in service never one that is only a test."""
    if not found.signers or (found.settings.production and found.signers.test):
        return ()
    return tuple(found.signers.trust)


@router.get("", dependencies=[OPEN])
def form(request: Request, code: str = "") -> Response:
    """A code typed by hand comes here too."""
    return by_code(request, code) if code.strip() else page(request, "verify/form.html", problem="")


@router.post("", dependencies=[OPEN])
def upload(request: Request) -> Response:
    found, file = container(request), request.state.form.get("document")
    if file is None or not getattr(file, "filename", ""):
        return page(request, "verify/form.html", 422, problem=_("Hãy chọn tệp PDF biên bản hoặc gói tài liệu."))
    with found.db.write() as conn:
        rates.count(conn, f"verify:{address(request)}", VERIFIES_PER_ADDRESS, VERIFIES_WINDOW, found.clock.now())
    with tempfile.TemporaryDirectory(dir=found.settings.data) as directory:
        path = Path(directory) / "file"
        with path.open("wb") as out:
            shutil.copyfileobj(file.file, out)
        judged = verify.verify_file(path, trusted(found), found.clock.now())
    return _result(request, judged, file=Path(str(file.filename)).name[:120])


@router.get("/{code}", dependencies=[OPEN])
def by_code(request: Request, code: str) -> Response:
    found = container(request)
    try:
        with found.db.read() as conn:
            minutes = store.by_code(conn, code)
            status = service.status(conn, minutes.meeting_id)
    except NotFound:
        problem = _("Không có văn bản nào mang mã này. Hãy xem lại mã in dưới mã QR.")
        return page(request, "verify/form.html", 404, problem=problem)
    if status is None or not status.issued or status.round is None:
        return page(request, "verify/form.html", problem=_("Văn bản mang mã này chưa được phát hành."))
    judged = verify.verify_file(found.blobs.path(status.pdf_sha256), trusted(found), found.clock.now())
    number = layout.document_number(status.round.number.number, status.round.number.symbol)
    return _result(request, judged, record=status, number=number, agency=service.agency_name(status.meeting))


def _result(request: Request, judged: Verdict, **values: Any) -> Response:
    shown = {"file": "", "record": None, "number": "", "agency": "", **values}
    return page(
        request, "verify/result.html", verdict=judged, sentence=words.sentence(judged),
        signatures=[(item, words.role_name(item.role), words.reason_text(item.reason)) for item in judged.signatures],
        **shown,
    )
