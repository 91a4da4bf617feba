"""`python3 -m web mail read FOLDER`: answers to invitations out of a folder of letters or a Maildir.

Whatever fetches mail puts letters there (fetchmail, a rule of the mail server); this reads what is there and ends.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from meetings.errors import MeetingError
from web.errors import explain
from web.i18n import _
from web.settings import read

USAGE = 2


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["read"])
    parser.add_argument("folder", type=Path, help=_("thư mục các tệp .eml, hoặc một Maildir"))
    parser.add_argument("--data", type=Path, help=_("thư mục dữ liệu"))


def run(arguments: argparse.Namespace) -> int:
    from web import replies
    from web.app import assemble

    found = assemble(read(data=arguments.data) if arguments.data else read())
    try:
        tally = replies.read_folder(found, arguments.folder)
    except MeetingError as error:
        print(f"✕ {explain(error)}", file=sys.stderr)
        return USAGE
    finally:
        found.db.close()
    print(_("✓ Đã đọc {read} thư trả lời; {refused} thư không dùng được, nằm trong {folder} kèm lý do.",
            read=tally.read, refused=tally.refused, folder=arguments.folder / "refused"))
    return 0
