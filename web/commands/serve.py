"""`python3 -m web serve`: the product in service.  No demonstration accounts, no issuing with test signatures.

Settings come from `DIEMCAU_…` variables, then from the file named by --config or DIEMCAU_CONFIG, then from defaults.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from pydantic import ValidationError

from web.i18n import _
from web.settings import CONFIG_VARIABLE, Settings

BAD_SETTINGS = 2
PORT_TAKEN = 3


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help="TOML file with settings")
    parser.add_argument("--data", type=Path, help="folder of the data")
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1, behind a TLS front)")
    parser.add_argument("--port", type=int, help="port of the pages (default 8000)")


def run(arguments: argparse.Namespace) -> int:
    from web import server
    from web.app import build

    if arguments.config:
        os.environ[CONFIG_VARIABLE] = str(arguments.config)
    given = {name: getattr(arguments, name) for name in ("data", "host", "port") if getattr(arguments, name) is not None}
    try:
        settings = Settings(**given, production=True, demo=False)
    except ValidationError as error:
        for problem in error.errors():
            print(f"✕ {'.'.join(map(str, problem['loc']))}: {problem['msg']}", file=sys.stderr)
        return BAD_SETTINGS
    try:
        listener = server.listen(settings.host, settings.port)
    except server.PortTaken as taken:
        print(_("✕ Không mở được cổng {port}: {reason}. Hãy chọn cổng khác bằng --port.",
                port=taken.port, reason=taken.reason), file=sys.stderr)
        return PORT_TAKEN

    async def announce() -> None:
        print(_("Điểm Cầu đang chạy tại {url}", url=settings.base_url), flush=True)

    return asyncio.run(server.run(build(settings), settings, listener, announce))
