"""The sentences of the line in time, one module an area, each with an `AREA`.  Read by `web.course`."""

from __future__ import annotations

from web.course_words import base, papers, people, recording, sharing, speech, voices, votes
from web.course_words.area import Area

AREAS: tuple[Area, ...] = (
    base.AREA,
    papers.AREA,
    speech.AREA,
    recording.AREA,
    votes.AREA,
    voices.AREA,
    sharing.AREA,
    people.AREA,
)
