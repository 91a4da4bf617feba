"""What makes the application installable: its manifest, its service worker, and the page that stands in for an absent server.

Public and the same for everybody; nothing here knows a meeting.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from meetings.access import Action
from web.guard import allow
from web.i18n import _, language
from web.pages import page, static
from web.scripts import STATIC

router = APIRouter(tags=["pwa"], dependencies=[Depends(allow(Action.PUBLIC))])


@router.get("/manifest.webmanifest")
def manifest() -> Response:
    """W3C Web Application Manifest."""
    icons = [
        {"src": static(f"pwa/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size in (192, 512) for purpose in ("any", "maskable")
    ]
    return JSONResponse({
        "name": _("Điểm Cầu: họp trực tuyến nhiều cấp"), "short_name": "Điểm Cầu", "lang": language(), "id": "/", "start_url": "/",
        "scope": "/", "display": "standalone", "background_color": "#FFFFFF", "theme_color": "#0F5C8C", "icons": icons,
    }, media_type="application/manifest+json", headers={"cache-control": "no-cache"})


@router.get("/sw.js")
def worker() -> Response:
    """At the root, since a service worker serves what lies below its own address."""
    return Response((STATIC / "pwa" / "sw.js").read_bytes(), media_type="text/javascript", headers={"cache-control": "no-cache"})


@router.get("/away", response_class=HTMLResponse)
def away(request: Request) -> Response:
    return page(request, "away.html")
