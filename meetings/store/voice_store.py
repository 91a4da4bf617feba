"""Reads and writes how a room is run: its setting, and what was said of single points.  Decides nothing; called by the use cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from meetings.store.voice_table import room_setting, voice
from meetings.voices import Chat, Lobby, Setting, Voice, Voices

_SETTING = tuple(room_setting.c[one.name] for one in fields(Setting))
_VOICE = (voice.c.point_id, voice.c.muted, voice.c.since, voice.c.asked_at)


def setting_of(conn: Connection, meeting_id: str) -> Setting:
    """What was set; the defaults where nothing was."""
    row = conn.execute(select(*_SETTING).where(room_setting.c.meeting_id == meeting_id)).first()
    return Setting(**{**row._mapping, "lobby": Lobby(row.lobby), "chat": Chat(row.chat)}) if row else Setting()


def voices_of(conn: Connection, meeting_id: str) -> Voices:
    rows = conn.execute(select(*_VOICE).where(voice.c.meeting_id == meeting_id))
    return Voices(setting_of(conn, meeting_id), {row.point_id: Voice(*row) for row in rows})


def save_setting(conn: Connection, meeting_id: str, **changes: Any) -> None:
    """Under the meeting's lock."""
    known = conn.execute(select(room_setting.c.meeting_id).where(room_setting.c.meeting_id == meeting_id)).first()
    if known:
        conn.execute(update(room_setting).where(room_setting.c.meeting_id == meeting_id).values(**changes))
        return
    conn.execute(insert(room_setting).values(meeting_id=meeting_id, **{**asdict(Setting()), **changes}))


def say(conn: Connection, meeting_id: str, said: Voice) -> None:
    """What holds of this point from now on; under the meeting's lock."""
    forget(conn, meeting_id, [said.point_id])
    conn.execute(insert(voice).values(
        meeting_id=meeting_id, point_id=said.point_id, muted=said.muted, since=said.since, asked_at=said.asked_at))


def forget(conn: Connection, meeting_id: str, point_ids: Sequence[int] | None = None) -> None:
    """Nothing was said of these points (None: of any)."""
    rows = delete(voice).where(voice.c.meeting_id == meeting_id)
    conn.execute(rows if point_ids is None else rows.where(voice.c.point_id.in_(point_ids)))
