"""`python3 -m web bench sfu | capacity | joins | feedback | record | recording | booking | vote`: what relaying, joining and feedback cost on this machine,
beside the price of one plain `sendto` and, where wished, Janus; how many receivers one core carries; what making a signed
record costs, beside bare signatures and one durable write.

Starts media workers of its own on free ports and leaves nothing behind but the file asked for, and `capacity.json` in the
data directory, from which joins are admitted.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web.commands.ranges import between
from web.i18n import _

if TYPE_CHECKING:
    from media.bench_run import Measured

MOST_RECEIVERS, MOST_PUBLISHERS, MOST_WORKERS = 1000, 16, 16
MOST_BOOKINGS = 10_000_000
MOST_BALLOTS = 1_000_000
LONGEST = 600.0
RECEIVERS = between(int, 1, MOST_RECEIVERS)
FAILED, USAGE = 1, 2


def add(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="sfu|capacity|joins|feedback|record|recording|booking|vote")
    sfu = what.add_parser("sfu", help=_("hình 600 kbit/s và tiếng, chuyển tới N nơi nhận"))
    sfu.add_argument("--receivers", type=RECEIVERS, required=True, metavar="N", help=_("từ 1 đến {most}", most=MOST_RECEIVERS))
    sfu.add_argument("--publishers", type=between(int, 1, MOST_PUBLISHERS), default=1, metavar="P",
                     help=_("số nơi gửi, mỗi nơi nhận đều nhận tất cả (mặc định 1)"))
    sfu.add_argument("--audio-only", action="store_true", help=_("chỉ tiếng, không hình"))
    sfu.add_argument("--workers", type=between(int, 1, MOST_WORKERS), default=1, metavar="W",
                     help=_("số tiến trình chia nhau các nơi nhận (mặc định 1)"))
    sfu.add_argument("--feedback", choices=("rr", "remb", "twcc"), default="rr",
                     help=_("nơi nhận báo về: rr mỗi giây, thêm remb 4 lần, hoặc twcc 20 lần mỗi giây"))
    sfu.add_argument("--against", choices=("janus",), help=_("đo thêm Janus trên máy này với cùng lượng tải"))
    capacity = what.add_parser("capacity", help=_("một nhân xử lý gánh được bao nhiêu nơi nhận; ghi capacity.json"))
    capacity.add_argument("--data", type=Path, help=_("thư mục dữ liệu"))
    capacity.add_argument("--most", type=RECEIVERS, default=MOST_RECEIVERS, metavar="N", help=_("không thử quá N nơi nhận"))
    joins = what.add_parser("joins", help=_("N nơi nhận vào cùng lúc khi đang có hình và tiếng"))
    joins.add_argument("--receivers", type=RECEIVERS, default=239, metavar="N", help=_("từ 1 đến {most}", most=MOST_RECEIVERS))
    feedback = what.add_parser("feedback", help=_("báo nhận của N nơi nhận tốn bao nhiêu phần một nhân xử lý"))
    feedback.add_argument("--receivers", type=RECEIVERS, default=238, metavar="N",
                          help=_("từ 1 đến {most}", most=MOST_RECEIVERS))
    record = what.add_parser("record", help=_("bốn chữ ký và gói hồ sơ với 5 MiB tài liệu"))
    tape = what.add_parser("recording", help=_("ghi hình hai điểm cầu (bốn tệp): tốn bao nhiêu phần một nhân, sau bao lâu xem được"))
    tape.add_argument("--minutes", type=between(float, 0.05, LONGEST), default=10.0, metavar="M", help=_("số phút ghi (mặc định {n})", n=10))
    book = what.add_parser("booking", help=_("đặt 239 điểm cầu, tìm giờ trống và trang lịch khi đã có N lịch"))
    book.add_argument("--bookings", type=between(int, 239, MOST_BOOKINGS), default=100_000, metavar="N",
                      help=_("số lịch có sẵn (mặc định {n})", n="100000"))
    book.add_argument("--rounds", type=between(int, 2, 1000), default=40, metavar="R", help=_("số lần đo (mặc định {n})", n=40))
    book.add_argument("--postgres", metavar="URL", help=_("đo thêm trong cơ sở dữ liệu PostgreSQL trống này"))
    vote = what.add_parser("vote", help=_("N phiếu biểu quyết cùng lúc, khi biểu quyết vừa kết thúc"))
    vote.add_argument("--ballots", type=between(int, 20, MOST_BALLOTS), default=10_000, metavar="N", help=_("số phiếu (mặc định {n})", n="10000"))
    vote.add_argument("--postgres", metavar="URL", help=_("đo thêm trong cơ sở dữ liệu PostgreSQL trống này"))
    for each in (sfu, record, tape, capacity, joins, feedback, book, vote):
        each.add_argument("--json", type=Path, required=each in (sfu, record, tape), metavar="FILE", help=_("tệp ghi số liệu"))
    for each, seconds in ((sfu, 10.0), (capacity, 4.0), (feedback, 6.0)):
        each.add_argument("--seconds", type=between(float, 0.5, LONGEST), default=seconds, metavar="S",
                          help=_("số giây đo (mặc định {seconds})", seconds=f"{seconds:g}"))


def run(arguments: argparse.Namespace) -> int:
    from media.errors import MediaError

    try:
        files = _files(arguments)
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a"):
                pass
    except OSError as error:
        print(_("✕ Không ghi được tệp {file}: {reason}", file=error.filename, reason=error.strerror), file=sys.stderr)
        return USAGE
    try:
        result = _measured(arguments)
    except (MediaError, OSError, TimeoutError, ExceptionGroup) as error:
        for file in files:
            if not file.stat().st_size:
                file.unlink()
        print(_("✕ Không đo được: {reason}", reason=error or type(error).__name__), file=sys.stderr)
        return FAILED
    for file in files:
        _replace(file, json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:<28}{value}")
    return 0


def _files(arguments: argparse.Namespace) -> list[Path]:
    """Where the figures go.  Raises: BadSettings."""
    files = [arguments.json] if arguments.json else []
    if arguments.what == "capacity":
        from web import capacity, settings

        chosen = {"data": arguments.data} if arguments.data else {}
        files.append(settings.read(**chosen).data / capacity.FILE)
    return files


def _replace(file: Path, text: str) -> None:
    """A reader sees the old figures or the new ones, never half of them."""
    beside = file.with_name(file.name + ".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, file)


def _measured(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.what == "record":
        from web import bench_record

        return dict(bench_record.measure())
    if arguments.what == "recording":
        from web import bench_recording

        return asyncio.run(bench_recording.measure(arguments.minutes))
    if arguments.what == "booking":
        return _booking(arguments)
    if arguments.what == "vote":
        return _vote(arguments)
    from media import bench, bench_capacity

    if arguments.what == "capacity":
        return asyncio.run(bench_capacity.capacity(arguments.seconds, most=arguments.most, told=_step))
    if arguments.what == "joins":
        return dataclasses.asdict(asyncio.run(bench_capacity.joins(arguments.receivers)))
    if arguments.what == "feedback":
        return dataclasses.asdict(asyncio.run(bench_capacity.feedback(arguments.receivers, arguments.seconds)))
    load = bench.Load(arguments.receivers, arguments.publishers, arguments.audio_only, arguments.feedback)
    result = dataclasses.asdict(asyncio.run(bench.measure(
        arguments.receivers, arguments.seconds, load=load, workers=arguments.workers,
        against_janus=arguments.against == "janus")))
    return {name: value for name, value in result.items() if value is not None}


def _booking(arguments: argparse.Namespace) -> dict[str, Any]:
    """Raises OSError where the database that was given is in use."""
    from web import bench_booking

    try:
        return dict(bench_booking.measure(arguments.bookings, arguments.rounds, arguments.postgres))
    except bench_booking.NotEmpty:
        raise OSError(_("cơ sở dữ liệu này không trống")) from None


def _vote(arguments: argparse.Namespace) -> dict[str, Any]:
    """Raises OSError where the database that was given is in use."""
    from web import bench_vote
    from web.bench_booking import NotEmpty

    try:
        return bench_vote.measure(arguments.ballots, arguments.postgres)
    except NotEmpty:
        raise OSError(_("cơ sở dữ liệu này không trống")) from None


def _step(receivers: int, measured: Measured, held: bool) -> None:
    print(f"{'✓' if held else '✕'} {receivers:>5}  p99 {measured.delays[1]:g} ms  {measured.lost}/{measured.sent}", file=sys.stderr)
