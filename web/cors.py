"""Lets scripts of other sites use WHIP and WHEP (RFC 9725 wants it); nothing but /media/ is opened.

Safe because those routes know no cookie: whoever calls must bring a ticket, and a ticket is not something a browser adds
by itself.  Wraps every answer under that path, errors too: without the headers a script learns nothing of what went wrong.
Installed by `app.py`.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH = "/media/"
OPEN = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, PUT, PATCH, DELETE, OPTIONS",
    "access-control-allow-headers": "authorization, content-type, if-match",
    "access-control-expose-headers": "accept-patch, accept-post, etag, link, location, retry-after, www-authenticate",
    "access-control-max-age": "7200",
    "cross-origin-resource-policy": "cross-origin",
}


class MediaCors:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await self.app(scope, receive, send)
            return

        async def opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(OPEN)
            await send(message)

        await self.app(scope, receive, opened)
