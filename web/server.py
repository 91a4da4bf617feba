"""Runs the application under uvicorn: one process, bounded, quiet, ending cleanly.  Knows nothing of meetings.

Called by `serve` and `demo`; the rehearsal starts one of those as a process of its own.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import socket
from collections.abc import Awaitable, Callable

import uvicorn
from fastapi import FastAPI

from web.i18n import _
from web.settings import Settings

HEADER_BYTES = 32 * 1024
GRACE_S = 3
CONNECTIONS = 2048
BACKLOG = 1024
"""A province joins within seconds: 239 points open a page, a stream and two media sessions each."""


class PortTaken(Exception):
    """The port cannot be opened; `reason` says why, in words."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(port, reason)
        self.port = port
        self.reason = reason


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `host:port` (0 = any free port).  Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        known = {errno.EADDRINUSE: _("đang có chương trình khác dùng"), errno.EACCES: _("người dùng này không được phép")}
        raise PortTaken(port, known.get(error.errno or 0, error.strerror or str(error))) from None
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def steady() -> None:
    """What stands once all is loaded is left alone by the collector, which would walk it again in the middle of an answer."""
    gc.collect()
    gc.freeze()


def _no_upgrades(record: logging.LogRecord) -> bool:
    """Pages knock by a WebSocket that they know to be refused (`static/room/probe.js`), and anybody may: no line in the log for each."""
    return not record.getMessage().startswith(("Unsupported upgrade request", "No supported WebSocket library"))


class _Server(uvicorn.Server):
    """Says that it ends before it waits for open requests: streams of news would outlast its patience."""

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending()
        await super().shutdown(sockets)


async def run(
    app: FastAPI, settings: Settings, listener: socket.socket, started: Callable[[], Awaitable[None]] | None = None,
    *, ending: Callable[[], None],
) -> int:
    """Serves until told to stop; `started` runs beside it once the first request can be answered, `ending` is called
    before open requests are waited for.  0 = ended cleanly."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, lifespan="on",
        proxy_headers=settings.behind_proxy, forwarded_allow_ips="*" if settings.behind_proxy else None,
        ssl_certfile=settings.tls_cert, ssl_keyfile=settings.tls_key, ws="none",
        timeout_keep_alive=20, timeout_graceful_shutdown=GRACE_S, limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )
    logging.getLogger("uvicorn.error").addFilter(_no_upgrades)
    server = _Server(config, ending)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    steady()
    beside = asyncio.create_task(started()) if started and server.started else None  # type: ignore[arg-type]
    try:
        await serving
    finally:
        if beside:
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)
    return 0 if server.started else 1
