"""`python3 -m web units import FILE.csv [--succession FILE]` and `units list`: units of any province, all or nothing.

A bad row is refused with its line and reason, and nothing of that file is loaded.  Works beside a running server,
because both use the same database.  Writes only through `meetings.store.unit_store` and `scheduler.points`.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from meetings.errors import Invalid, MeetingError
from meetings.importer import MAX_BYTES, parse_succession, parse_units
from meetings.store import ledger_store, unit_store
from meetings.store.database import Database
from meetings.store.datasets import load_levels
from meetings.store.unit_store import Loaded
from scheduler import audience_store
from scheduler.points import ensure_points
from scheduler.slots import civil_day
from web.folders import installation
from web.i18n import _

REFUSED = 1
UNREADABLE = 2


def add(parser: argparse.ArgumentParser) -> None:
    """Two words: `import` loads a file, `list` shows what is loaded."""
    words = parser.add_subparsers(dest="word", required=True, metavar="import|list")
    load = words.add_parser("import", help=_("nạp một tệp CSV; các cột: data/README.md"))
    load.add_argument("file", type=Path, metavar="FILE.csv")
    load.add_argument("--succession", type=Path, metavar="FILE", help=_("đơn vị nào thành đơn vị nào"))
    show = words.add_parser("list", help=_("hiện các đơn vị của một ngày, theo cây"))
    show.add_argument("--on", type=date.fromisoformat, metavar="YYYY-MM-DD", help=_("ngày (mặc định hôm nay)"))
    show.add_argument("--search", default="", metavar="TEXT", help=_("chỉ những tên có chữ này, không cần dấu"))
    for word in (load, show):
        word.add_argument("--data", type=Path, help=_("thư mục dữ liệu"))


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 done, 1 refused (the reasons are printed), 2 a file cannot be read."""
    settings = installation(arguments.data)
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        database.migrate()
        return _import(database, arguments) if arguments.word == "import" else _list(database, arguments)
    finally:
        database.close()


def import_files(database: Database, units: bytes, succession: bytes | None, at: datetime) -> Loaded:
    """Loads a unit file and its succession list in one transaction, with points for the units of today and those that begin later.

    Raises Invalid("units.row" | "succession.row" | "units.encoding" | "units.empty"), TooLarge; then nothing changed.
    """
    steps = parse_succession(succession) if succession is not None else ()
    with database.write() as conn:
        load_levels(conn)
        parsed = parse_units(units, unit_store.levels(conn), unit_store.units(conn))
        done = unit_store.load(conn, parsed, at, steps)
        points = ensure_points(conn, unit_store.ahead(conn, civil_day(at)))
        audience_store.reresolve(conn, at)
        ledger_store.append(conn, None, "units.imported", at, data={
            "added": done.added, "ended": done.ended, "unchanged": done.unchanged, "successions": done.successions,
            "points": points,
        })
    return done


def _import(database: Database, arguments: argparse.Namespace) -> int:
    try:
        units = _read(arguments.file)
        succession = _read(arguments.succession) if arguments.succession else None
    except OSError as error:
        print(_("✕ Không đọc được tệp {file}: {why}", file=error.filename, why=error.strerror), file=sys.stderr)
        return UNREADABLE
    try:
        done = import_files(database, units, succession, datetime.now(UTC))
    except MeetingError as refused:
        _explain(refused)
        return REFUSED
    print(_("✓ Thêm {added} đơn vị, kết thúc {ended}, giữ nguyên {unchanged}, {successions} lượt kế thừa.",
            added=done.added, ended=done.ended, unchanged=done.unchanged, successions=done.successions))
    return 0


def _read(path: Path) -> bytes:
    """One byte more than is allowed is enough to refuse the file."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _explain(refused: MeetingError) -> None:
    """Every bad row on a line of its own, then what became of the file."""
    from web.errors import explain  # brings the web framework, which a good import does not need

    rows = refused.params.get("rows", [])
    for error in [Invalid(refused.code, **row) for row in rows] or [refused]:
        print(f"✕ {explain(error)}", file=sys.stderr)
    if hidden := refused.params.get("total", 0) - len(rows):
        print(_("… và {n} dòng sai khác.", n=hidden), file=sys.stderr)
    print(_("Chưa nạp gì từ tệp này. Sửa rồi chạy lại."), file=sys.stderr)


def _list(database: Database, arguments: argparse.Namespace) -> int:
    on = arguments.on or datetime.now(UTC).date()
    with database.read() as conn:
        tree = unit_store.tree(conn, on)
    for unit in tree.search(arguments.search) if arguments.search else tree:
        depth = 0 if arguments.search else len(tree.path(unit.unit_id)) - 1
        mark = " " + _("(minh họa)") if unit.illustrative else ""
        print(f"{'  ' * depth}{unit.gso_code}  {unit.name}{mark}")
    print(_("{n} đơn vị có hiệu lực ngày {day}.", n=len(tree), day=on.isoformat()), file=sys.stderr)
    return 0
