"""Security headers on every answer, the same for all pages.  It decides nothing about who may see what.

No inline script or style is allowed anywhere: positions in a timeline are classes, icons are one sprite.  Installed by
`app.py`; `tests/web/test_headers.py` holds each line to account.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data: blob:",
    "font-src 'self'", "media-src 'self' blob:", "worker-src 'self'", "manifest-src 'self'", "base-uri 'none'",
    "form-action 'self'", "frame-ancestors 'none'",
))
PERMISSIONS = (
    "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), screen-wake-lock=(self), autoplay=(self), "
    "geolocation=(), payment=(), usb=(), serial=(), midi=()"
)
ALWAYS = {
    "content-security-policy": CSP,
    "permissions-policy": PERMISSIONS,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: browsers would then send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
ONE_YEAR = 31_536_000


class SecurityHeaders:
    """ASGI middleware, the outermost one, so that error pages carry the headers too."""

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self.app = app
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in ALWAYS.items():
                    headers.setdefault(name, value)
                if self.secure:
                    headers.setdefault("strict-transport-security", f"max-age={ONE_YEAR}")
                # Pages are somebody's own; only /static says otherwise.
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self.app(scope, receive, with_headers)


def static_cache(path: str, versioned: bool) -> str:
    """Files named with their hash never change; the rest is asked for again."""
    return f"public, max-age={ONE_YEAR}, immutable" if versioned else "no-cache"
