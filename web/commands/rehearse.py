"""`python3 -m web rehearse`: the whole journey without a person, every step checked from the outside.

A real server on a temporary folder (or on --data, which is kept), real WebRTC peers, real signatures.  Exit status 0
only if every step truly happened; the report is a JSON file, written in one piece at the end, also when a step failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from web.i18n import _

LEAST, MOST = 1, 239
USAGE = 2


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--points", type=int, default=12, help=_("số điểm cầu ({least}–{most}, mặc định 12)", least=LEAST, most=MOST))
    parser.add_argument("--data", type=Path, help=_("thư mục dữ liệu, được giữ lại (mặc định: thư mục tạm)"))
    parser.add_argument("--json", type=Path, required=True, help=_("tệp báo cáo"))


def run(arguments: argparse.Namespace) -> int:
    from web.rehearsal import stage

    if not LEAST <= arguments.points <= MOST:
        print(_("✕ --points từ {least} đến {most}.", least=LEAST, most=MOST), file=sys.stderr)
        return USAGE
    if arguments.data and not stage.folder_is_ours(arguments.data):
        print(_("✕ Thư mục {folder} đã có thứ khác. Hãy chọn thư mục trống.", folder=arguments.data), file=sys.stderr)
        return USAGE
    if not arguments.json.resolve().parent.is_dir():
        print(_("✕ Không có thư mục {folder} để ghi báo cáo.", folder=arguments.json.resolve().parent), file=sys.stderr)
        return USAGE
    return asyncio.run(_rehearse(arguments))


async def _rehearse(arguments: argparse.Namespace) -> int:
    from web.rehearsal import stage
    from web.rehearsal.journey import Journey
    from web.rehearsal.people import Refused
    from web.rehearsal.record import play

    began = time.monotonic()
    data = arguments.data or Path(tempfile.mkdtemp(prefix="diemcau-rehearsal-"))
    out = (arguments.json.resolve().parent / f"{arguments.json.stem}-files") if arguments.data is None else data / "out"
    out.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"ok": False, "points": arguments.points, "steps": []}
    running: stage.Stage | None = None
    try:
        running = await stage.start(data, "quang-ninh-2020")
        report["steps"].append({"name": "start", "ok": True, "seconds": round(time.monotonic() - began, 3)})
        journey = Journey(running, arguments.points, out, report=_progress, facts=report, steps=report["steps"])
        await play(journey)
        report["ok"] = all(step["ok"] for step in journey.steps)
    except (Refused, stage.NotReady, Exception) as error:  # noqa: BLE001 - whatever broke belongs into the report
        report["error"] = _told(error)
        print(f"✕ {report['error']}", file=sys.stderr)
    finally:
        if running:
            await stage.stop(running)
        if arguments.data is None:
            shutil.rmtree(data, ignore_errors=True)
    report["duration_s"] = round(time.monotonic() - began, 2)
    _write(arguments.json, report)
    _summary(report)
    return 0 if report["ok"] else 1


def _progress(name: str, seconds: float) -> None:
    print(f"  {seconds:7.2f} s  {name}", flush=True)


def _told(error: BaseException) -> str:
    """What a person can read: our own sentences as they are, anything else with the name of its kind."""
    from web.rehearsal.journey import Failed
    from web.rehearsal.people import Refused

    if isinstance(error, BaseExceptionGroup):
        return _told(error.exceptions[0])
    if isinstance(error, (Failed, Refused)):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _write(path: Path, report: dict[str, Any]) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(report, ensure_ascii=False, indent=1))
    temporary.replace(path)


def _summary(report: dict[str, Any]) -> None:
    shown = ("points_booked", "points_joined", "join_ms_p95", "packets_relayed", "packets_lost", "cpu_us_per_packet",
             "server_mib", "duration_s")
    for name in shown:
        if name in report:
            print(f"  {name} = {report[name]}")
    print(_("✓ Mọi bước đã thật sự diễn ra.") if report["ok"] else _("✕ Diễn tập chưa trọn."))
