"""What stands on the page of somebody behind a point, place by place: one module an area, each with `place(page)`.

A place names its template under templates/person/ and what that shows, or None when there is nothing to show now.  It works by
plain forms.  Called by web/routes/person.py, in a thread, in the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from web.person_places import chat, hand, handed_in, offer, papers, recording, roll, shown, slips, vote
from web.person_places.look import Look

Place = Callable[[Look], dict[str, Any] | None]

PLACES: tuple[Place, ...] = (
    recording.place,
    slips.place,
    roll.place,
    vote.place,
    hand.place,
    shown.place,
    chat.place,
    papers.place,
    offer.place,
    handed_in.place,
)
"""In the order of the page: what is asked of the person now comes first."""


def shown(look: Look) -> list[dict[str, Any]]:
    """Each with `template`."""
    return [made for place in PLACES if (made := place(look)) is not None]
