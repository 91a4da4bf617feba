"""Sentences of the room's scripts, one module an area, each with `words()`; read by `web.roomwords` in the request's language."""

from __future__ import annotations

from collections.abc import Callable

from web.words_room import captions, gallery, line, papers, people, recording, sharing, speech, voices, vote

AREAS: tuple[Callable[[], dict[str, str]], ...] = (
    gallery.words,
    line.words,
    papers.words,
    recording.words,
    vote.words,
    voices.words,
    sharing.words,
    people.words,
    speech.words,
    captions.words,
)
"""One `words` an area."""


def words() -> dict[str, str]:
    return {key: said for area in AREAS for key, said in area().items()}
