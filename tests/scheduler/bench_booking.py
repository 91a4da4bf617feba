"""`python3 -m web bench booking` on a PostgreSQL of its own: `python -m tests.scheduler.bench_booking [OPTIONS]`."""

from __future__ import annotations

import sys

from tests.support.postgres import PostgresServer
from web.commands import main


def run(options: list[str]) -> int:
    """The command with the address of a fresh database, which is gone afterwards."""
    server = PostgresServer()
    try:
        server.start()
        server.execute("CREATE DATABASE bench")
        return main(["bench", "booking", "--postgres", server.url("bench"), *options])
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
