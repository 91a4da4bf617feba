"""One way to write a ZIP, so that every byte of it is determined by its names and contents.

Entries are stored, never compressed, with fixed times, attributes and versions; there are no comments, extra fields,
gaps or descriptors.  A reader can therefore rebuild each header and compare: nothing can hide between the files, and
a flipped byte anywhere is found although only the contents are signed.  Any ZIP program opens the result.
It never extracts to disk and never reads more than it was told.  Caller: minutes.packet.

Source: APPNOTE 6.3 (ZIP); ETSI EN 319 162-1 section 4.2 (ASiC wants `mimetype` first and stored).
"""

from __future__ import annotations

import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

LARGEST = 2**31 - 1  # bytes; the old 32-bit form is enough for the 2 GiB a packet may have
MOST_ENTRIES = 2_000
LONGEST_NAME = 240  # bytes of UTF-8
CHUNK = 1 << 20

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_DATE_1980 = 0x0021
_REGULAR_FILE = 0o100644 << 16
_UTF8 = 0x0800


class BadZip(Exception):
    """The bytes are not what this module would have written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its name, size in bytes, CRC-32, and where its header starts."""

    name: str
    size: int
    crc: int
    offset: int

    @property
    def data_offset(self) -> int:
        return self.offset + _LOCAL.size + len(self.name.encode())

    @property
    def end(self) -> int:
        return self.data_offset + self.size


def safe_name(name: str) -> bool:
    """Whether a name can neither leave a directory it is unpacked into nor pretend to be another."""
    parts = name.split("/")
    return (
        0 < len(name.encode("utf-8", "surrogatepass")) <= LONGEST_NAME
        and unicodedata.normalize("NFC", name) == name
        and not any(unicodedata.category(char)[0] == "C" or char in '\\:*?"<>|' for char in name)
        and not any(part in ("", ".", "..") or part != part.strip(" .") for part in parts)
    )


class Writer:
    """Writes entries one after another to a seekable file; `close()` adds the directory."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._entries: list[Entry] = []
        self._at = 0

    def add(self, name: str, source: BinaryIO) -> Entry:
        """Copies `source` in pieces.  Raises ValueError for an unsafe or repeated name or beyond 2 GiB."""
        if not safe_name(name) or any(entry.name == name for entry in self._entries):
            raise ValueError(f"name {name!r}")
        start, size, crc = self._at, 0, 0
        self._out.write(_local(Entry(name, 0, 0, start)))
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if start + size > LARGEST:
                raise ValueError("size")
            crc = zlib.crc32(chunk, crc)
            self._out.write(chunk)
        entry = Entry(name, size, crc, start)
        self._out.seek(start)
        self._out.write(_local(entry))
        self._out.seek(entry.end)
        self._entries.append(entry)
        self._at = entry.end
        return entry

    def close(self) -> None:
        """Writes the directory; the file itself stays open."""
        self._out.write(_directory(self._entries))


def read_directory(file: BinaryIO) -> list[Entry]:
    """The entries of a file written by Writer.  Raises BadZip unless every header byte is as Writer writes it."""
    total = file.seek(0, 2)
    if not _END.size <= total <= LARGEST + (1 << 20):
        raise BadZip("size")
    file.seek(total - _END.size)
    _, _, _, _, count, length, start, _ = _END.unpack(file.read(_END.size))
    if not 0 < count <= MOST_ENTRIES or start + length + _END.size != total or length > count * (LONGEST_NAME + 46):
        raise BadZip("directory")
    file.seek(start)
    directory = file.read(length + _END.size)
    entries = list(_entries(directory[:length], count))
    if _directory(entries) != directory:
        raise BadZip("directory")
    at = 0
    for entry in entries:
        file.seek(at)
        if entry.offset != at or not safe_name(entry.name) or file.read(entry.data_offset - at) != _local(entry):
            raise BadZip("header")
        at = entry.end
    if at != start or len({entry.name for entry in entries}) != len(entries):
        raise BadZip("gap")
    return entries


def chunks(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """The contents of one entry in pieces.  Raises BadZip when they are short or their CRC is wrong."""
    file.seek(entry.data_offset)
    left, crc = entry.size, 0
    while left:
        chunk = file.read(min(CHUNK, left))
        if not chunk:
            raise BadZip("short")
        left -= len(chunk)
        crc = zlib.crc32(chunk, crc)
        yield chunk
    if crc != entry.crc:
        raise BadZip("crc")


def _entries(directory: bytes, count: int) -> Iterator[Entry]:
    at = 0
    for _ in range(count):
        try:
            fields = _CENTRAL.unpack_from(directory, at)
            name = directory[at + _CENTRAL.size: at + _CENTRAL.size + fields[10]].decode("utf-8")
        except (struct.error, UnicodeDecodeError) as error:
            raise BadZip("directory") from error
        at += _CENTRAL.size + fields[10]
        yield Entry(name, size=fields[9], crc=fields[7], offset=fields[16])


def _flags(name: str) -> int:
    return 0 if name.isascii() else _UTF8


def _local(entry: Entry) -> bytes:
    name = entry.name.encode()
    return _LOCAL.pack(
        b"PK\x03\x04", 20, _flags(entry.name), 0, 0, _DATE_1980, entry.crc, entry.size, entry.size, len(name), 0) + name


def _directory(entries: list[Entry]) -> bytes:
    body = b"".join(_central(entry) for entry in entries)
    start = entries[-1].end if entries else 0
    return body + _END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(body), start, 0)


def _central(entry: Entry) -> bytes:
    name = entry.name.encode()
    return _CENTRAL.pack(
        b"PK\x01\x02", 0x0314, 20, _flags(entry.name), 0, 0, _DATE_1980, entry.crc, entry.size, entry.size,
        len(name), 0, 0, 0, 0, _REGULAR_FILE, entry.offset) + name
