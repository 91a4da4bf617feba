"""`python3 -m web ticket`: prints tickets for a media room, one a line, so that any standard WHIP or WHEP client can come.

A `bench-…` room needs no meeting; any other room is a meeting's id, and a point must be booked for it.  Works beside
a running server, because both use the same database.
"""

from __future__ import annotations

import argparse
import re
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from meetings import service
from meetings.errors import MeetingError, NotFound
from web.i18n import _
from web.folders import installation

MOST = 1000
LONGEST_TTL_S = 3600
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
BENCH = re.compile(r"bench-[A-Za-z0-9._-]{1,56}")
USAGE = 2


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--room", required=True, help=_("mã cuộc họp, hoặc tên bất kỳ bắt đầu bằng bench-"))
    parser.add_argument("--role", required=True, choices=("publish", "subscribe"))
    parser.add_argument("--point", default="", help=_("mã điểm cầu; trong phòng bench- là tên bất kỳ"))
    parser.add_argument("--count", type=int, default=1, help=_("số vé (1–{most})", most=MOST))
    parser.add_argument("--ttl", type=int, default=60, help=_("số giây được dùng lần đầu (1–{most}, mặc định 60)", most=LONGEST_TTL_S))
    parser.add_argument("--data", type=Path, help=_("thư mục dữ liệu"))


def run(arguments: argparse.Namespace) -> int:
    if not 1 <= arguments.count <= MOST or not 1 <= arguments.ttl <= LONGEST_TTL_S:
        print(_("✕ --count từ 1 đến {most}, --ttl từ 1 đến {ttl} giây.", most=MOST, ttl=LONGEST_TTL_S), file=sys.stderr)
        return USAGE
    if arguments.point and not NAME.fullmatch(arguments.point):
        print(_("✕ --point chỉ gồm chữ không dấu, số, dấu chấm, gạch; không quá 64 ký tự."), file=sys.stderr)
        return USAGE
    try:
        for token in mint(arguments):
            print(token)
    except MeetingError as error:
        from web.errors import explain

        print(f"✕ {explain(error)}", file=sys.stderr)
        return 1
    return 0


def mint(arguments: argparse.Namespace) -> list[str]:
    """All tickets in one transaction.  Raises NotFound for a room or point that does not exist."""
    from web.app import assemble

    found = assemble(installation(arguments.data))
    try:
        with found.db.write() as conn:
            at = datetime.now(UTC)
            return [_one(conn, arguments, number, at) for number in range(arguments.count)]
    finally:
        found.db.close()


def _one(conn: Connection, arguments: argparse.Namespace, number: int, at: datetime) -> str:
    name = arguments.point or f"{arguments.role[:3]}-{secrets.token_hex(4)}-{number + 1}"
    point_id = None
    if not BENCH.fullmatch(arguments.room):
        if not arguments.point:
            raise NotFound("ticket.point_needed")
        point_id = _booked(conn, arguments.room, arguments.point)
    return service.mint(conn, arguments.room, arguments.role, name, point_id, None, arguments.ttl, at=at)


def _booked(conn: Connection, meeting_id: str, code: str) -> int:
    for link in service.links(conn, meeting_id):
        if link.code == code:
            return link.point_id
    service.get(conn, meeting_id)  # raises NotFound for a meeting that does not exist
    raise NotFound("point.not_booked", point=code)
