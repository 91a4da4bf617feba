"""A disk that is really full: a tmpfs with as many files as it can hold, where the machine lets us mount one."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Mounts it at `folder`.  Raises: OSError where that is not allowed; tests that use it are marked `netns`."""
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, b"size=64k,nr_inodes=8") != 0:
        raise OSError(ctypes.get_errno(), "mounting needs root: python3 -m tests check leaves this out")
    try:
        for number in count():
            try:
                (folder / str(number)).touch()
            except OSError:
                break
        yield
    finally:
        libc.umount2(os.fsencode(folder), 2)
