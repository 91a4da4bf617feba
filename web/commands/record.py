"""`python3 -m web record bench-ROOM`: records a room without a meeting, until Ctrl+C, until it closes or for so long.

For whoever tests a line or the disk, beside a running `serve` or `demo` on the same data folder.  A meeting is recorded by its
chair or secretary alone, from the room, where everybody is told (`meetings/recordings.py`): this command refuses it.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meetings.admission import BENCH_PREFIX
from web.commands.ranges import between
from web.folders import installation
from web.i18n import N_, _

USAGE = 2
LONGEST = 24 * 3600.0
REASONS = {
    "stopped": N_("đã dừng theo yêu cầu"), "time": N_("đã đủ thời gian"), "room_closed": N_("phòng họp đã đóng"),
    "relay_gone": N_("không còn máy chuyển hình và tiếng"), "disk_full": N_("hết chỗ trên đĩa"),
    "disk_error": N_("đĩa bị lỗi"), "killed": N_("tiến trình ghi bị ngắt"),
}


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("meeting", metavar="ROOM", help=_("phòng bench-"))
    parser.add_argument("--seconds", type=between(float, 0.5, LONGEST), default=0.0, metavar="S", help=_("số giây ghi (mặc định: tới khi dừng)"))
    parser.add_argument("--data", type=Path, help=_("thư mục dữ liệu"))


def run(arguments: argparse.Namespace) -> int:
    from web.mediaprocess import socket_path
    from web.recording import NAME, has_relay

    if not arguments.meeting.startswith(BENCH_PREFIX) or not NAME.fullmatch(arguments.meeting):
        print(_("✕ Cuộc họp do chủ trì hoặc thư ký ghi, từ phòng họp (Điều hành → Ghi hình): mọi điểm cầu được báo. "
                "Lệnh này chỉ ghi phòng bench-."), file=sys.stderr)
        return USAGE
    settings = installation(arguments.data)
    socket = socket_path(settings.data)
    if not has_relay(socket):
        print(_("✕ Không thấy hệ thống đang chạy trên thư mục {folder}. Hãy chạy python3 -m web serve trước.",
                folder=settings.data), file=sys.stderr)
        return USAGE
    return asyncio.run(_record(settings, socket, arguments.meeting, arguments.seconds))


async def _record(settings: Any, socket: Path, meeting: str, seconds: float) -> int:
    from web.recording import Recorder, fresh

    folder = fresh(settings.data, meeting, datetime.now(UTC))
    recorder = Recorder(socket, meeting, folder, seconds)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, recorder.stop)
    said = _Line()
    print(_("● Đang ghi vào {folder}. Ctrl+C để dừng.", folder=folder), flush=True)
    code = await recorder.run(said.tell)
    said.end()
    if code != 0 or not said.ended:
        print(_("✕ Không ghi được. Xem dòng báo lỗi ở trên."), file=sys.stderr)
        return 1
    print(_("✓ Xong sau {seconds} giây: {reason}. {tracks} tệp, {size} MB, {gaps} chỗ trống.",
            seconds=round(said.ended["seconds"]), reason=_(REASONS.get(said.ended["reason"], said.ended["reason"])),
            tracks=said.ended["tracks"], size=round(said.ended["bytes"] / 1e6, 1), gaps=said.ended["gaps"]))
    print(_("  Ghép thành một tệp: python3 -m web compose {meeting} --format mp4", meeting=meeting))
    return 0


class _Line:
    """What the recorder says, as one line that changes on a terminal, and as a line every ten seconds elsewhere."""

    def __init__(self) -> None:
        self.ended: dict[str, Any] = {}
        self._changing = sys.stdout.isatty()
        self._at = -10.0

    def tell(self, line: dict[str, Any]) -> None:
        if line["event"] == "ended":
            self.ended = line
        elif line["event"] == "died":
            print(_("△ Tiến trình ghi bị ngắt; đang ghi tiếp."), file=sys.stderr)
        elif line["event"] == "status" and (self._changing or line["seconds"] - self._at >= 10):
            self._at = line["seconds"]
            full = _("ĐĨA ĐẦY · ") if line["full"] else ""
            text = full + _("{seconds} giây · {tracks} tệp · {size} MB · {gaps} chỗ trống · fsync {fsync} ms",
                            seconds=round(line["seconds"]), tracks=line["tracks"], size=round(line["bytes"] / 1e6, 1),
                            gaps=line["gaps"], fsync=line["fsync_ms"])
            print(f"\r{text:<78}" if self._changing else text, end="" if self._changing else "\n", flush=True)

    def end(self) -> None:
        if self._changing:
            print()
