"""The port to telephones, and an adapter that puts each message into a file of its own for whatever gateway a province has.

The name of a file is made of the item's key, so a message delivered twice is one file.  Made by `delivery`.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Protocol

from web.mailer import Away


class Texter(Protocol):
    """Where messages to telephones go."""

    def open(self) -> None:
        """Ready for messages.  Raises Away."""

    def send(self, key: str, number: str, text: str) -> None:
        """Handed over when it returns.  Raises Refused when it never will be, anything else when it may be later."""


class FolderTexter:
    """`FOLDER/HASH.json` with `to` and `text`, whole or not there at all; the gateway takes files away when it has sent them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Away(str(error)) from error

    def send(self, key: str, number: str, text: str) -> None:
        path = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump({"key": key, "to": number, "text": text}, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
