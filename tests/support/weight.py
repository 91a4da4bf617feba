"""What objects weigh: bytes of everything that hangs on one.  Holds no tests."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import types

_NOT_OURS = (type, types.ModuleType, types.FunctionType, types.CodeType, logging.Logger, asyncio.AbstractEventLoop)


def weight(root: object) -> int:
    """Bytes, each object once; classes, modules, functions and the event loop do not count."""
    seen: set[int] = set()
    stack, total = [root], 0
    while stack:
        one = stack.pop()
        if id(one) in seen or isinstance(one, _NOT_OURS):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        stack += gc.get_referents(one)
    return total
