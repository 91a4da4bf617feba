"""Version 1 of the interface: all of its routers, and their description, made once.  A router outside this tuple does not exist."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter

from web.api import cards, days, delegates, document, feeds, freeslots, groups, invitees, meetings, points, readiness, requests, rooms, rules, series

ROUTERS: tuple[APIRouter, ...] = tuple(part.router for part in (
    points, rooms, cards, groups, meetings, series, delegates, invitees, readiness, requests, freeslots, days, feeds, rules,
))


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The OpenAPI document."""
    return document.of(ROUTERS)
