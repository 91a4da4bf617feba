"""Sockets of this process in another network namespace: what is opened inside the block stays there.  Needs root.  Holds no tests."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)


def _enter(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if _libc.setns(descriptor, _NEW_NETWORK):
            raise OSError(ctypes.get_errno(), f"setns {path}")
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This thread is in the namespace (of ``ip netns``) while the block lasts; nothing in it may wait."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _enter(Path("/run/netns") / namespace)
        try:
            yield
        finally:
            if _libc.setns(home, _NEW_NETWORK):
                raise OSError(ctypes.get_errno(), "setns back")
    finally:
        os.close(home)
