"""Sections hearing, heard, muted, asked, spoken, spotlight, setting, chat, start: who is heard and why, and how the room is run."""

from __future__ import annotations

from typing import Any

from meetings import chat
from meetings.store import speech_store
from web import roompolicy
from web.parts.look import Look, iso


def part(look: Look) -> dict[str, Any]:
    """A point is heard if it is in `heard` (hearing.only), else if it is not in `muted`: the very rule that the relay holds.
    asked: code → since when the chair waits for its word.  spoken: who had the floor.  chat: of the messages that all may read, the newest's number and how many."""
    state = look.state
    now, setting, said = roompolicy.hearing(state), state.voices.setting, state.voices.said
    spoken = speech_store.spoken(look.conn, look.meeting_id)
    newest, messages = chat.standing(look.conn, look.meeting_id)
    return {
        "hearing": {"why": now.why.value, "only": now.heard is not None, "all_muted": setting.all_muted},
        "heard": {code: 1 for code in now.heard or ()},
        "muted": {code: 1 for code in now.muted},
        "asked": {seat.code: iso(said[seat.point_id].asked_at) for seat in state.seats
                  if seat.point_id in said and said[seat.point_id].asked_at},
        "spoken": {seat.code: 1 for seat in state.seats if seat.point_id in spoken},
        "spotlight": roompolicy.spotlight_code(state),
        "setting": {"lobby": setting.lobby.value, "muted_above": setting.muted_above},
        "chat": {"mode": setting.chat.value, "last": newest, "n": messages},
        "start": iso(state.meeting.start),
    }
