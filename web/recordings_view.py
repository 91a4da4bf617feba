"""What the tab Ghi hình of a meeting shows: each recording, what it consists of, who was told, the files made of it.  Reads only.

Called by `web/routes/recordings.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from media.record_store import read_manifest
from meetings.captions import BEFORE
from meetings.recording import FORMATS, Recording, Stand
from meetings.store import recording_store, seat_store
from meetings.store.recording_store import Composition
from web.container import Container
from web.i18n import _, ngettext
from web.recording import folder_of
from web.recording_words import ENDED, GAPS, STANDS


@dataclass(frozen=True, slots=True)
class Track:
    """One file of one point."""

    file: str
    kind: str
    start: datetime
    length: timedelta
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class File:
    """The single file in one format: not asked for (state ""), waiting, working, done or failed."""

    format: str
    state: str = ""
    bytes: int = 0
    sha256: str = ""
    percent: int = 0
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """One recording as the page shows it.  `told`: points that were there or came later; `aware`: those whose page showed the
    notice (or, where that was asked, that said they know)."""

    one: Recording
    stand: tuple[str, str, str]
    told: int
    aware: int
    unaware: tuple[str, ...] = ()
    tracks: tuple[tuple[str, tuple[Track, ...]], ...] = ()
    gaps: tuple[tuple[datetime, datetime | None, str], ...] = ()
    files: tuple[File, ...] = field(default=())

    @property
    def busy(self) -> bool:
        """Something of it changes without anybody's pressing."""
        return self.one.stand is not Stand.KEPT and self.one.stand is not Stand.ERASED or any(
            file.state in ("waiting", "working") for file in self.files)

    @property
    def reason(self) -> str:
        return _(ENDED.get(self.one.reason or "", self.one.reason or ""))


def shown(found: Container, conn: Connection, meeting_id: str) -> list[Shown]:
    """Newest first."""
    listed = recording_store.of_meeting(conn, meeting_id)
    names = {seat.point_id: (seat.code, seat.name) for seat in seat_store.seats(conn, meeting_id)} if listed else {}
    made = recording_store.compositions(conn, [one.recording_id for one in listed]) if listed else []
    return [_shown(found, conn, one, names, made) for one in reversed(listed)]


def _shown(
    found: Container, conn: Connection, one: Recording, names: Mapping[int, tuple[str, str]], made: list[Composition],
) -> Shown:
    told = recording_store.told(conn, one.recording_id)
    unaware = [row for row in told if not one.knows(row)]
    tracks, gaps = _contents(found, one, dict(names.values())) if one.stand is Stand.KEPT else ((), ())
    files = tuple(_file(found, conn, one, form, made) for form in FORMATS) if one.stand is Stand.KEPT and one.tracks else ()
    return Shown(one, STANDS[one.stand], len(told), len(told) - len(unaware),
                 tuple(sorted(names[row.point_id][1] for row in unaware if row.point_id in names)), tracks, gaps, files)


def captioned(found: Container, one: Recording) -> tuple[datetime, datetime | None]:
    """From when to when lines of captions belong to its film, whose zero is the first: a line is sent a moment after it was said."""
    begun = manifest(found, one).get("started")
    return datetime.fromisoformat(begun) if begun else one.started_at, one.ended_at + BEFORE if one.ended_at else None


def manifest(found: Container, one: Recording) -> dict[str, Any]:
    """As it lies on the disk; without tracks where it cannot be read."""
    with suppress(OSError, ValueError):
        return read_manifest(folder_of(found.settings.data, one.meeting_id) / one.folder)
    return {"tracks": [], "gaps": []}


def _contents(found: Container, one: Recording, names: Mapping[str, str]) -> tuple[Any, Any]:
    """(name of the point, its files) by name; the gaps of the whole."""
    known = manifest(found, one)
    by_point: dict[str, list[Track]] = {}
    for track in known["tracks"]:
        start, end = datetime.fromisoformat(track["start"]), datetime.fromisoformat(track["end"])
        name = names.get(track["point"], track["point"])
        by_point.setdefault(name, []).append(Track(track["file"], track["kind"], start, end - start, track["bytes"], track["sha256"] or ""))
    gaps = tuple((datetime.fromisoformat(gap["from"]), datetime.fromisoformat(gap["to"]) if gap["to"] else None,
                  _(GAPS.get(gap["reason"], gap["reason"]))) for gap in known["gaps"])
    return tuple((name, tuple(by_point[name])) for name in sorted(by_point)), gaps


def _file(found: Container, conn: Connection, one: Recording, form: str, made: list[Composition]) -> File:
    row = next((row for row in made if row.recording_id == one.recording_id and row.format == form), None)
    if row is None:
        return File(form)
    waits = row.state == "waiting"
    percent = found.composer.progress(one.recording_id, form) if found.composer and not waits else None
    return File(form, row.state, row.bytes or 0, row.sha256 or "", percent or 0, recording_store.ahead(conn, row) if waits else 0)


def lasted(seconds: int) -> str:
    """"1 giờ 31 phút"; below a minute in seconds."""
    if seconds < 60:
        return ngettext("{n} giây", "{n} seconds", seconds)
    return _("{hours} giờ {minutes:02d} phút", hours=seconds // 3600, minutes=seconds // 60 % 60) if seconds >= 3600 else _(
        "{minutes} phút", minutes=seconds // 60)
