"""Version 1 of the interface: all of its routers, and their description, made once.  A router outside this tuple does not exist."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter

from web.api import cards, document, freeslots, meetings, points, requests

ROUTERS: tuple[APIRouter, ...] = (points.router, cards.router, meetings.router, requests.router, freeslots.router)


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The OpenAPI document."""
    return document.of(ROUTERS)
