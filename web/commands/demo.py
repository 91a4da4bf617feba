"""`python3 -m web demo` (or no command at all): a province with a meeting that is live now, on this machine.

Makes what is missing (units, points, accounts, a meeting of all points), serves the pages, starts synthetic points that
send a picture and a tone each, prints who may sign in and one join link for each level.  `--lan` serves other computers
by TLS with a certificate of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meetings.store import datasets
from web.commands.doctor import own_addresses
from web.i18n import N_, _
from web.folders import DEMO
from web.scene import PLAYERS, Scene
from web.settings import Settings, read

PORT = 8000
MOST_POINTS = 238
USAGE = 2
PORT_TAKEN = 3

ROLES = {
    "secretary": N_("Thư ký"), "division_head": N_("Trưởng phòng"), "chair": N_("Chủ trì"), "clerk": N_("Văn thư"),
    "officer": N_("Cán bộ xã"), "technician": N_("Kỹ thuật viên"), "admin": N_("Quản trị"),
}
LEVELS = {
    "province": N_("Tỉnh"), "district": N_("Huyện"), "commune": N_("Xã"), "body": N_("Sở, ban, ngành"),
}


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=DEMO, help=_("thư mục dữ liệu (mặc định var/demo)"))
    parser.add_argument("--port", type=int, default=PORT, help=_("cổng của các trang (mặc định {port})", port=PORT))
    parser.add_argument("--media-port", type=int, default=0, help=_("cổng đầu tiên của hình và tiếng, UDP và TCP, mỗi tiến trình một cổng (mặc định: cổng trống)"))
    parser.add_argument("--points", type=int, default=6, help=_("số điểm cầu mô phỏng vào họp (0–{most}, mặc định 6)", most=MOST_POINTS))
    parser.add_argument("--units", choices=datasets.NAMES, default=datasets.DEFAULT, help=_("bộ đơn vị"))
    parser.add_argument("--lan", action="store_true", help=_("cho máy khác vào, qua TLS"))
    parser.add_argument("--no-browser", action="store_true", help=_("không mở trình duyệt"))
    parser.add_argument("--no-schedule", action="store_true", help=_("không gửi thư và nhắc việc trong tiến trình này (python3 -m web schedule làm)"))
    parser.add_argument("--no-meeting", action="store_true", help=_("chỉ có đơn vị, điểm cầu và tài khoản"))


def run(arguments: argparse.Namespace) -> int:
    from web import server

    if not 0 <= arguments.points <= MOST_POINTS:
        print(_("✕ --points từ 0 đến {most}.", most=MOST_POINTS), file=sys.stderr)
        return USAGE
    address = min(own_addresses(), key=lambda one: ":" in one, default=None) if arguments.lan else None  # IPv4 where there is any
    if arguments.lan and address is None:
        print(_("✕ Máy này chưa nối mạng nào: không có địa chỉ cho máy khác vào."), file=sys.stderr)
        return USAGE
    try:
        listener = server.listen(_everywhere(address) if address else "127.0.0.1", arguments.port)
    except server.PortTaken as taken:
        print(_("✕ Không mở được cổng {port}: {reason}. Hãy chọn cổng khác bằng --port.",
                port=taken.port, reason=taken.reason), file=sys.stderr)
        return PORT_TAKEN
    with listener:
        settings = _settings(arguments, listener.getsockname()[1], address)
        return asyncio.run(_run(arguments, settings, listener))


def _everywhere(address: str) -> str:
    """All addresses of this one's family."""
    return "::" if ":" in address else "0.0.0.0"


def _settings(arguments: argparse.Namespace, port: int, address: str | None) -> Settings:
    values: dict[str, Any] = {
        # Whatever the environment says of an installation in service, the demonstration has its own database and front.
        "database": "", "tls_cert": None, "tls_key": None, "behind_proxy": False,
        "data": arguments.data, "port": port, "media_port": arguments.media_port, "demo": True, "production": False,
        "smtp_host": "", "sms_folder": None,  # it writes to nobody
        "advertise": ("127.0.0.1", *own_addresses()), "public_url": f"http://localhost:{port}",
    }
    if arguments.no_schedule:
        values["schedule"] = False
    if address:
        from web.tls import ensure_certificate

        hosts = [address, "localhost", "127.0.0.1"]
        cert, key = ensure_certificate(arguments.data, hosts, datetime.now(UTC))
        host = f"[{address}]" if ":" in address else address
        values |= {"tls_cert": cert, "tls_key": key, "public_url": f"https://{host}:{port}", "host": _everywhere(address)}
    return read(**values)


async def _run(arguments: argparse.Namespace, settings: Settings, listener: Any) -> int:
    from web import server
    from web.app import build
    from web.scene import InService, prepare

    # Started first: its media libraries load on the other core while the pages come up.
    players = await _spawn() if arguments.points and not arguments.no_meeting else None
    app = build(settings)

    async def beside(scene: Scene) -> None:
        _announce(settings, scene)
        if not arguments.no_browser:
            await asyncio.to_thread(webbrowser.open, settings.base_url)
        if players and scene.meeting_id:
            await app.state.container.hub.wait_ready()
            await _play(players, settings, scene, arguments.points)

    try:
        scene = await asyncio.to_thread(prepare, app.state.container, arguments.units, meeting=not arguments.no_meeting)
        return await server.run(app, settings, listener, lambda: beside(scene), ending=app.state.container.ending)
    except InService:
        print(_("✕ Thư mục {folder} có tài khoản của người dùng thật nên không dùng cho bản trình diễn. "
                "Hãy chọn thư mục khác bằng --data.", folder=settings.data), file=sys.stderr)
        return USAGE
    finally:
        if players:
            with contextlib.suppress(ProcessLookupError):
                players.terminate()


async def _spawn() -> asyncio.subprocess.Process:
    """The process of synthetic points; it waits for its orders, and ends when this one does."""
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "web.synthetic", stdin=asyncio.subprocess.PIPE)


async def _play(process: asyncio.subprocess.Process, settings: Settings, scene: Scene, count: int) -> None:
    """Tells the synthetic points whom to play, until cancelled.  The links that were printed are left for people."""
    shown = {guest.code for guest in one_of_each_level(scene)}
    chosen = [guest for guest in _mixed(scene) if guest.code not in shown][:count]
    told = {
        "base_url": settings.base_url, "ca": str(settings.tls_cert) if settings.tls_cert else "",
        "room": scene.meeting_id,
        "points": [{"code": guest.code, "label": guest.name, "secret": guest.secret} for guest in chosen],
    }
    assert process.stdin is not None, "asked for a pipe"
    process.stdin.write(json.dumps(told).encode() + b"\n")
    await process.stdin.drain()
    await process.wait()


def _mixed(scene: Scene) -> list[Any]:
    """The guests with the levels in turn, so that a few synthetic points already show every level."""
    by_level: dict[str, list[Any]] = {}
    for guest in scene.guests:
        by_level.setdefault(guest.level, []).append(guest)
    mixed = []
    while any(by_level.values()):
        mixed += [guests.pop(0) for guests in by_level.values() if guests]
    return mixed


def one_of_each_level(scene: Scene) -> list[Any]:
    """The first point of each level, in the order of levels."""
    first: dict[str, Any] = {}
    for guest in scene.guests:
        first.setdefault(guest.level, guest)
    order = list(LEVELS)
    return sorted(first.values(), key=lambda guest: order.index(guest.level) if guest.level in order else len(order))


def _announce(settings: Settings, scene: Scene) -> None:
    import segno

    lines = ["", _("Điểm Cầu đang chạy tại {url}   (dừng: Ctrl+C)", url=settings.base_url), "",
             _("Tài khoản (đăng nhập tại {url}/signin):", url=settings.base_url)]
    for player in PLAYERS:
        lines.append(f"  {_(ROLES[player.key]):<16} {player.login:<12} {scene.passwords[player.login]}   {player.name}")
    if scene.meeting_id:
        lines += ["", _("Cuộc họp đang diễn ra: {url}", url=f"{settings.base_url}/meetings/{scene.meeting_id}"),
                  _("Đường dẫn vào họp, mỗi cấp một điểm cầu:")]
        for guest in one_of_each_level(scene):
            level = _(LEVELS[guest.level]) if guest.level in LEVELS else guest.level
            lines.append(f"  {level:<16} {guest.name}: {settings.base_url}/j/{guest.secret}")
    lines += ["", _("Chữ ký của bản trình diễn là chữ ký thử nghiệm, không có giá trị pháp lý.")]
    print("\n".join(lines), flush=True)
    if settings.tls_cert:
        target = settings.base_url
        if scene.guests:
            target = f"{settings.base_url}/j/{one_of_each_level(scene)[-1].secret}"
        print(_("Quét bằng điện thoại (chấp nhận chứng thư tự ký một lần): {url}", url=target), flush=True)
        segno.make(target, error="m").terminal(compact=True)
