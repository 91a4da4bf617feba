"""Says whether an unsafe request comes from our own page: where it came from, and the token our form carried.

Two locks, because each has holes alone: browsers send Origin and Sec-Fetch-Site (checked first, before a byte of the
body is read), and every form carries a token bound to the browser and its session.  Bearer routes (media) have no
cookie to abuse and ask for neither.  Called by `web/guard.py` and, for the token, by `web/pages.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import Request

from web.container import container
from web.session import session_cookie

FIELD = "_csrf"
HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Forged(Exception):
    """An unsafe request that did not come from a page of ours, or from one that is too old."""


def visit_cookie(request: Request) -> str:
    return "__Host-visit" if container(request).settings.secure else "visit"


def visit(request: Request) -> tuple[str, bool]:
    """The random mark of this browser, and whether it is new and must be sent as a cookie."""
    known = request.cookies.get(visit_cookie(request)) or ""
    if len(known) == 43:
        return known, False
    if not hasattr(request.state, "visit"):
        request.state.visit = secrets.token_urlsafe(32)
    return str(request.state.visit), True


def token(request: Request) -> str:
    """The form token: an HMAC over browser mark and session, so that signing in or out makes old forms worthless."""
    mark, _new = visit(request)
    session = request.cookies.get(session_cookie(container(request).settings), "")
    return _sign(container(request).keys.csrf, mark, session)


def _sign(key: bytes, mark: str, session: str) -> str:
    return hmac.new(key, f"{mark}|{session}".encode(), hashlib.sha256).hexdigest()


def check_origin(request: Request) -> None:
    """Raises Forged for an unsafe request that another site sent.  Reads headers only."""
    if request.method in SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise Forged
    origin = request.headers.get("origin")
    if origin is None:
        return  # not a browser, or one that sent Sec-Fetch-Site; the token decides
    allowed = {request.headers.get("host", ""), urlsplit(container(request).settings.base_url).netloc}
    try:
        parts = urlsplit(origin)
    except ValueError:
        raise Forged from None
    if parts.scheme not in ("http", "https") or parts.netloc not in allowed or parts.path or parts.query:
        raise Forged


def check_token(request: Request, given: str) -> None:
    """Raises Forged unless `given` is this browser's and this session's token (compared in constant time)."""
    mark, new = visit(request)
    if new or not hmac.compare_digest(token(request).encode(), given.encode("utf-8", "surrogatepass")):
        raise Forged
