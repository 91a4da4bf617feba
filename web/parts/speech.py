"""Sections floor, queue, times, spent: who speaks and until when, who waits, in the order of the server.

Clocks are instants: a page that knows the server's time needs nothing sent while they run.
"""

from __future__ import annotations

from typing import Any

from meetings.speech import Kind, Speech
from meetings.state import RoomState
from web.parts.look import Look, iso


def part(look: Look) -> dict[str, Any]:
    """`queue` is entry → {code, ord}, and where they are: kind (none: contribution), item, note (1: it has one, conductors read it), person (an id);
    pages show it by ord.  `spent` is code → milliseconds that the contributions of its unit took."""
    state = look.state
    codes = {seat.point_id: seat.code for seat in state.seats}
    return {
        "floor": _floor(state, codes),
        "queue": {str(one.entry): _waiting(one, codes) for one in state.queue},
        "times": state.times.as_data(),
        "spent": {seat.code: state.used[seat.unit] for seat in state.seats if state.used.get(seat.unit)},
    }


def _floor(state: RoomState, codes: dict[int, str]) -> dict[str, Any] | None:
    """since: when the clock last started; spent: milliseconds before; ends: when the time is over, None while the clock stands or
    where there is no limit.  paused: who was interrupted and goes on afterwards."""
    speaks = state.speaking
    if state.floor is None or speaks is None:
        return None
    return {
        "code": state.floor.code, "entry": speaks.entry, "kind": speaks.kind.value, "since": iso(state.floor_since),
        "began": iso(speaks.began_at), "spent": speaks.spoken_ms, "limit": speaks.limit_s, "ends": iso(speaks.ends_at),
        "paused": codes.get(state.paused.point_id) if state.paused else None,
    }


def _waiting(one: Speech, codes: dict[int, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"code": codes[one.point_id], "ord": f"{one.lane}.{one.place:09d}"}
    if one.kind is not Kind.CONTRIBUTION:
        row["kind"] = one.kind.value
    if one.item is not None:
        row["item"] = one.item
    if one.note:
        row["note"] = 1
    if one.person_id:
        row["person"] = one.person_id
    return row
