"""A process that appends events to one chain: `python -m tests.support.append_many URL MEETING COUNT`.

It prints "ready", waits for a line on its input so that several start together, and writes.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from meetings.store.database import Database
from meetings.store.ledger_store import append


def main(url: str, meeting_id: str, count: int) -> None:
    database = Database(url)
    with database.read():
        print("ready", flush=True)
    sys.stdin.readline()
    for index in range(count):
        with database.write() as conn:
            append(conn, meeting_id, "hand.raised", datetime.now(UTC), data={"n": index})
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
