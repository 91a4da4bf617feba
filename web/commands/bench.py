"""`python3 -m web bench sfu | record`: what relaying costs on this machine, beside the price of one plain `sendto`; and what
making a signed record costs, beside bare signatures and one durable write.

Starts a media worker of its own on free ports and leaves nothing behind but the file asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from web.i18n import _

MOST_RECEIVERS = 1000
LONGEST = 600.0
FAILED, USAGE = 1, 2


def add(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="sfu|record")
    sfu = what.add_parser("sfu", help=_("một hình 600 kbit/s có tiếng, chuyển tới N nơi nhận"))
    sfu.add_argument("--receivers", type=_receivers, required=True, metavar="N", help=_("từ 1 đến {most}", most=MOST_RECEIVERS))
    sfu.add_argument("--json", type=Path, required=True, metavar="FILE", help=_("tệp ghi số liệu"))
    sfu.add_argument("--seconds", type=_seconds, default=10.0, metavar="S", help=_("số giây đo (mặc định 10)"))
    record = what.add_parser("record", help=_("bốn chữ ký và gói hồ sơ với 5 MiB tài liệu"))
    record.add_argument("--json", type=Path, required=True, metavar="FILE", help=_("tệp ghi số liệu"))


def run(arguments: argparse.Namespace) -> int:
    from media.errors import MediaError

    try:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.touch()
    except OSError as error:
        print(_("✕ Không ghi được tệp {file}: {reason}", file=arguments.json, reason=error.strerror), file=sys.stderr)
        return USAGE
    try:
        result = _measured(arguments)
    except (MediaError, OSError, TimeoutError, ExceptionGroup) as error:
        arguments.json.unlink(missing_ok=True)
        print(_("✕ Không đo được: {reason}", reason=error or type(error).__name__), file=sys.stderr)
        return FAILED
    arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for name, value in result.items():
        print(f"{name:<20}{value}")
    return 0


def _measured(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.what == "record":
        from web import bench_record

        return dict(bench_record.measure())
    from media.bench import measure

    return dataclasses.asdict(asyncio.run(measure(arguments.receivers, arguments.seconds)))


def _receivers(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST_RECEIVERS:
        raise argparse.ArgumentTypeError(_("phải từ {least} đến {most}", least=1, most=MOST_RECEIVERS))
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0.5 <= number <= LONGEST:
        raise argparse.ArgumentTypeError(_("phải từ {least} đến {most}", least=0.5, most=f"{LONGEST:g}"))
    return number
