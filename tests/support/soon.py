"""Waits for what must become true, and says so when it does not.  Holds no tests."""

from __future__ import annotations

import asyncio
import time
from typing import Any


async def soon(check: Any, seconds: float = 10.0) -> Any:
    """The first true value of `check()`, asked 50 times a second; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        await asyncio.sleep(0.02)
