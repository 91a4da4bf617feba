"""Sections share, presenter, sign: whose screen the room sees, who may share one without the floor, who interprets into sign language."""

from __future__ import annotations

from typing import Any

from web import roompolicy
from web.parts.look import Look, iso


def part(look: Look) -> dict[str, Any]:
    """`share` is {code, since} of the point whose screen the relay lets through; its media name is `code#screen`."""
    state = look.state
    code, setting = roompolicy.screen_code(state), state.voices.setting
    return {
        "share": {"code": code, "since": iso(state.share.since)} if code and state.share else None,
        "presenter": roompolicy.code_of(state, setting.presenter),
        "sign": roompolicy.sign_code(state),
    }
