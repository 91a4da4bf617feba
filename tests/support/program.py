"""A program beside the tests that tells how it goes, an object of JSON a line.  Holds no tests."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class Program:
    """A running one; what it said last of each thing."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: dict[str, Any] = {}

    async def read(self) -> None:
        """Listens until it has nothing more to say."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.said |= json.loads(line)
