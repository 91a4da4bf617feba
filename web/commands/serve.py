"""`python3 -m web serve`: the product in service.  No demonstration accounts, no issuing with test signatures.

Settings come from `DIEMCAU_…` variables, then from the file named by --config or DIEMCAU_CONFIG, then from defaults.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from web.folders import is_demonstration
from web.i18n import _
from web.settings import CONFIG_VARIABLE, read

DEMONSTRATION = 2
PORT_TAKEN = 3


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help=_("tệp thiết lập TOML"))
    parser.add_argument("--data", type=Path, help=_("thư mục dữ liệu"))
    parser.add_argument("--host", help=_("địa chỉ lắng nghe (mặc định 127.0.0.1, sau máy TLS phía trước)"))
    parser.add_argument("--port", type=int, help=_("cổng của các trang (mặc định {port})", port=8000))
    parser.add_argument("--no-schedule", action="store_true", help=_("không gửi thư và nhắc việc trong tiến trình này (python3 -m web schedule làm)"))


def run(arguments: argparse.Namespace) -> int:
    from web import server
    from web.app import build

    if arguments.config:
        os.environ[CONFIG_VARIABLE] = str(arguments.config)
    given = {name: getattr(arguments, name) for name in ("data", "host", "port") if getattr(arguments, name) is not None}
    if arguments.no_schedule:
        given["schedule"] = False
    settings = read(**given, production=True, demo=False)
    if is_demonstration(settings.data):
        print(_("✕ Thư mục {folder} là của bản trình diễn: ai cũng có thể biết mật khẩu các tài khoản trong đó. "
                "Hãy chọn thư mục khác bằng --data hoặc DIEMCAU_DATA.", folder=settings.data), file=sys.stderr)
        return DEMONSTRATION
    try:
        listener = server.listen(settings.host, settings.port)
    except server.PortTaken as taken:
        print(_("✕ Không mở được cổng {port}: {reason}. Hãy chọn cổng khác bằng --port.",
                port=taken.port, reason=taken.reason), file=sys.stderr)
        return PORT_TAKEN
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})

    async def announce() -> None:
        print(_("Điểm Cầu đang chạy tại {url}", url=settings.base_url), flush=True)

    app = build(settings)
    return asyncio.run(server.run(app, settings, listener, announce, ending=app.state.container.ending))
