"""Sections floor and queue: who speaks and who waits, in the order of the server."""

from __future__ import annotations

from typing import Any

from web.parts.look import Look, iso


def part(look: Look) -> dict[str, Any]:
    """`queue` is entry → {code, ord}; pages show it by ord."""
    state = look.state
    return {
        "floor": {"code": state.floor.code, "since": iso(state.floor_since)} if state.floor else None,
        "queue": {seat.code: {"code": seat.code, "ord": iso(seat.hand_at)} for seat in state.hands},
    }
