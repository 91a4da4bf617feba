"""What everybody in a room is told, section by section: one module an area, each with `part(look)`.

A section names points by code and holds no name of a person, no link, no account, no running count of a vote.  A value that
grows with points or people is a dict, which travels by its keys (`web.roomdelta`).  Called by the newsroom, in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from web.parts import captions, meeting, papers, people, recording, sharing, speech, voices, votes
from web.parts.look import Look

Part = Callable[[Look], dict[str, Any]]

PARTS: tuple[Part, ...] = (
    meeting.part,
    speech.part,
    votes.part,
    papers.part,
    recording.part,
    voices.part,
    sharing.part,
    people.part,
    captions.part,
)
"""Sections of different areas have different names; a test holds that."""


def sections(look: Look) -> dict[str, Any]:
    """The whole state that news are made of."""
    made: dict[str, Any] = {}
    for part in PARTS:
        made |= part(look)
    return made
