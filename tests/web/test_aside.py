"""Files that wait for a second press leave no trace once they are taken or nobody came."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from meetings.errors import NotFound
from web.aside import WAITS, Aside


def test_a_file_is_read_by_its_name_until_it_is_taken(tmp_path: Path) -> None:
    aside = Aside(tmp_path / "aside")
    name = aside.put("Lê An;0912".encode())
    assert aside.read(name) == "Lê An;0912".encode() and aside.read(name)
    aside.remove(name)
    aside.remove(name)
    for gone in (name, "0" * 64, "../x", ""):
        with pytest.raises(NotFound, match=r"aside\.gone"):
            aside.read(gone)


def test_what_nobody_came_for_is_swept_and_what_was_half_written_too(tmp_path: Path) -> None:
    aside = Aside(tmp_path)
    old = aside.put(b"old")
    (tmp_path / "dead.part").write_bytes(b"half")
    for path in tmp_path.iterdir():
        os.utime(path, (1_000_000, 1_000_000))
    aside.sweep(1_000_000 + WAITS)
    assert aside.read(old) == b"old", "not before its time"
    fresh = aside.put(b"fresh")
    aside.sweep(1_000_001 + WAITS)
    assert {path.name for path in tmp_path.iterdir()} == {fresh}
    Aside(tmp_path / "none").sweep(1_000_000)
