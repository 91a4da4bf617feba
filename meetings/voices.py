"""What chair and secretary have said about who is heard and what the room shows: values and the few rules on them.  Pure.

Whose sound passes follows from these, the floor and the meeting's state in `web/roompolicy.py`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from meetings.errors import Invalid

_Kind = TypeVar("_Kind", bound=StrEnum)

MUTED_ABOVE = 12
"""A meeting of more points than this opens with all of them silent, unless its setting says another number."""
MOST_POINTS = 100_000
"""`muted_above` that never mutes."""


class Lobby(StrEnum):
    """Who is heard before the opening: the chair's point alone, or all who are there (a test with the points)."""

    QUIET = "quiet"
    FREE = "free"


class Chat(StrEnum):
    """What becomes of a message of a point: told at once, kept until chair or secretary passes it, refused."""

    OPEN = "open"
    HELD = "held"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Setting:
    """How one room is run.  `spotlight`: id of the point whose picture is large for everybody; `presenter`: of the one that may share
    its screen without the floor; `sign`: of the one that interprets into sign language."""

    all_muted: bool = False
    lobby: Lobby = Lobby.QUIET
    spotlight: int | None = None
    chat: Chat = Chat.OPEN
    muted_above: int = MUTED_ABOVE
    presenter: int | None = None
    sign: int | None = None

    def opens_muted(self, points: int) -> bool:
        return points > self.muted_above


@dataclass(frozen=True, slots=True)
class Voice:
    """What was said of one point since `since`: muted, freed (False), or nothing (None) but that it is asked to speak."""

    point_id: int
    muted: bool | None
    since: datetime
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Voices:
    """The setting of a room, and of which points something was said."""

    setting: Setting = Setting()
    said: Mapping[int, Voice] = field(default_factory=lambda: MappingProxyType({}))

    def muted(self, point_id: int) -> bool:
        """Whether the point is silent by word of the chair: its own, else that for all."""
        own = self.said.get(point_id)
        return self.setting.all_muted if own is None or own.muted is None else own.muted

    def freed(self, point_id: int) -> bool:
        """Whether the chair has said of this very point that it is heard."""
        own = self.said.get(point_id)
        return own is not None and own.muted is False

    def muted_one(self, point_id: int) -> bool:
        """Whether the chair has muted this very point."""
        own = self.said.get(point_id)
        return own is not None and own.muted is True

    def muted_since(self, point_id: int, instant: datetime) -> bool:
        """Whether this very point was muted at `instant` or later: the later word counts."""
        own = self.said.get(point_id)
        return own is not None and own.muted is True and own.since >= instant


NOTHING_SAID = Voices()


def lobby_of(text: object) -> Lobby:
    """Raises Invalid("setting.lobby")."""
    return _one_of(Lobby, text, "lobby")


def chat_of(text: object) -> Chat:
    """Raises Invalid("setting.chat")."""
    return _one_of(Chat, text, "chat")


def muted_above_of(value: object) -> int:
    """Raises Invalid("setting.muted_above")."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 6:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_POINTS:
        raise Invalid("setting.muted_above", field="muted_above", most=MOST_POINTS)
    return value


def _one_of(kind: type[_Kind], text: object, field: str) -> _Kind:
    try:
        return kind(str(text))
    except ValueError:
        raise Invalid(f"setting.{field}", field=field) from None
