"""Serves what lies under static/: kept for good where the address carries a hash, and compressed for whoever can read it.

Scripts and styles are compressed once and kept in memory; there are some hundreds of kilobytes of them.  On a line of
64 kbit/s that is the difference between five and fourteen seconds.  Serves nobody's own data.  Mounted by `app.py`.
"""

from __future__ import annotations

import gzip
import os
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from web import scripts
from web.headers import static_cache

TEXT = (".js", ".css", ".svg")
SMALL = 1024  # bytes below which compressing saves no packet
LARGE = 2 * 1024 * 1024  # bytes above which a file is not kept in memory


class Static(StaticFiles):
    """See the module."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        file, kept = scripts.plain(path)
        response = await super().get_response(file, scope)
        asked = Headers(scope=scope)
        if isinstance(response, FileResponse) and _worth(response, asked):
            response = _compressed(response)
        response.headers["cache-control"] = static_cache(path, kept or b"v=" in scope.get("query_string", b""))
        if file.endswith(TEXT):
            response.headers.add_vary_header("accept-encoding")
        return response


def _worth(response: FileResponse, asked: Headers) -> bool:
    """Not where a part of the file is asked for: ranges count bytes of the file itself (RFC 9110 §14.2)."""
    size = response.stat_result.st_size if response.stat_result else 0
    wanted = "gzip" in asked.get("accept-encoding", "") and "range" not in asked
    return wanted and SMALL <= size <= LARGE and str(response.path).endswith(TEXT)


def _compressed(response: FileResponse) -> Response:
    whole = Response(_gzip(os.fspath(response.path), response.stat_result.st_mtime_ns if response.stat_result else 0), media_type=response.media_type)
    whole.headers["content-encoding"] = "gzip"
    for name in ("etag", "last-modified"):
        if name in response.headers:
            whole.headers[name] = response.headers[name]
    return whole


@lru_cache(maxsize=512)
def _gzip(path: str, _changed: int) -> bytes:
    with open(path, "rb") as file:
        return gzip.compress(file.read(), 9, mtime=0)
