"""Files that wait for a second press, apart from what is kept: removed when taken, or when nobody came for an hour.

They hold names and telephones that nobody has decided to keep.  A name is the hash of the content, and only a receipt signed by
us leads to it (`uploads.receipt`).  Called by web/routes/delegate_list.py and point_sheet.py; `housekeeping` sweeps.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import Path
from typing import Final

from meetings.blobs import noticing_full_disk
from meetings.errors import NotFound

WAITS: Final = 3600.0  # seconds
_NAME: Final = re.compile(r"[0-9a-f]{64}")


class Aside:
    """One folder of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """The file's name."""
        with noticing_full_disk():
            self._folder.mkdir(parents=True, exist_ok=True)
            name = hashlib.sha256(data).hexdigest()
            half = self._folder / f"{secrets.token_hex(16)}.part"
            half.write_bytes(data)
            half.replace(self._folder / name)
        return name

    def read(self, name: str) -> bytes:
        """Raises NotFound("aside.gone")."""
        try:
            if _NAME.fullmatch(name):
                return (self._folder / name).read_bytes()
        except FileNotFoundError:
            pass
        raise NotFound("aside.gone")

    def remove(self, name: str) -> None:
        if _NAME.fullmatch(name):
            (self._folder / name).unlink(missing_ok=True)

    def sweep(self, now: float) -> None:
        """Those for which nobody came for an hour go, and what a killed process left half-written.  `now`: seconds of the epoch."""
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            try:
                if path.stat().st_mtime < now - WAITS:
                    path.unlink()
            except FileNotFoundError:
                continue  # somebody else was faster
