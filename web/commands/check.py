"""`python3 -m web check`: is every meeting what its ledger tells?  The chain of hashes, and the whole hall replayed against the tables.

Changes nothing, unless `--mend` is said while no server runs.  Exit status 0 all is well, 1 something differs, 2 no such meeting.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from meetings.store.database import Database
from web import recovery
from web.folders import installation
from web.i18n import _, ngettext
from web.recovery import Found

WELL, DIFFERS, UNKNOWN = 0, 1, 2


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("meeting", nargs="?", help=_("mã cuộc họp (mặc định: mọi cuộc họp)"))
    parser.add_argument("--mend", action="store_true", help=_("ghi lại theo diễn biến những gì chỉ phản ánh diễn biến; hãy dừng máy chủ trước"))
    parser.add_argument("--json", action="store_true", help=_("in kết quả dạng JSON"))
    parser.add_argument("--data", type=Path, help=_("thư mục dữ liệu"))


def run(arguments: argparse.Namespace) -> int:
    db = Database(installation(arguments.data).database_url)
    try:
        wanted = recovery.meetings(db, None)
        if arguments.meeting and arguments.meeting not in wanted:
            print(_("✕ Không có cuộc họp {id}.", id=arguments.meeting))
            return UNKNOWN
        found = list(recovery.looked(db, [arguments.meeting] if arguments.meeting else wanted, datetime.now(UTC), arguments.mend))
    finally:
        db.close()
    if arguments.json:
        print(json.dumps([as_data(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            for sentence in recovery.said(one):
                print(f"✕ {sentence}" if not one.well else f"△ {sentence}")
        well = [one for one in found if one.well]
        print(ngettext("✓ {n} cuộc họp đúng như diễn biến ghi lại ({events} sự kiện).", "✓ {n} meetings are what their record tells ({events} events).",
                       len(well), events=sum(one.events for one in well)))
    return WELL if all(one.well for one in found) else DIFFERS


def as_data(one: Found) -> dict[str, object]:
    return {"meeting": one.meeting_id, "events": one.events, "broken": one.broken, "differ": [recovery.shown(each) for each in one.differ],
            "mended": [recovery.shown(each) for each in one.mended]}
