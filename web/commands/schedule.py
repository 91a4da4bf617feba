"""`python3 -m web schedule`: a process of its own that does what is due: letters, reminders, line tests, openings, deadlines.

Any number may run side by side, beside `serve` too; each item is one process's.  Killed at any moment, another takes over what
it held when the lease ends.  Reads the same settings as `serve`.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from pathlib import Path

from web.i18n import _
from web.settings import CONFIG_VARIABLE, read


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help=_("tệp thiết lập TOML"))
    parser.add_argument("--data", type=Path, help=_("thư mục dữ liệu"))


def run(arguments: argparse.Namespace) -> int:
    from web.app import assemble
    from web.delivery import Delivery
    from web.housekeeping import running

    if arguments.config:
        os.environ[CONFIG_VARIABLE] = str(arguments.config)
    settings = read(data=arguments.data) if arguments.data else read()
    told = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda _number, _frame: told.set())
    found = assemble(settings)
    try:
        with running(found, Delivery(found)):
            print(_("Đang làm những việc đến giờ. Ctrl+C để dừng."), flush=True)
            told.wait()
    finally:
        found.db.close()
    return 0
