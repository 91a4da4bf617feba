"""What the controller said of a room: whose sound and picture pass the entrance, and who comes first.  Pure.

A point may publish more than its camera and its microphone: ``22#screen`` is the screen that point 22 shares, ``22#sign`` its
interpreter.  What is said of a point holds for all it publishes; where a name comes first it is meant exactly.  Never asks who may
say so: that is the controller's.  Called by ``media/room.py`` and ``media/placing.py``, kept by ``media/sfu.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from media.allocate import CHAIR, FLOOR, OTHERS, SCREEN
from media.sdp import Kind

_SECOND: Final = "#"
_SCREEN: Final = "#screen"


def point_of(name: str) -> str:
    """The point that publishes under this name: ``22`` for ``22#screen``."""
    return name.partition(_SECOND)[0]


def is_screen(name: str) -> bool:
    """Whether this is a shared screen: its sound is that of what it shows, nobody speaks there."""
    return name.endswith(_SCREEN)


@dataclass(frozen=True, slots=True)
class Policy:
    """``heard`` and ``seen``: None is everybody.  ``quiet`` are silent whoever is heard.

    ``stage`` goes before all others for pictures, ``voices`` for sounds: pictures follow the meeting, sounds whoever speaks, so
    that a stage of silent ones leaves no speaker unheard.  ``seconds``: which second sources (``22#screen``) pass at all, None: all;
    the sound of a screen named there passes with its picture, since ``heard`` and a point in ``quiet`` are about microphones.
    ``aside``: whose pictures only those are sent who asked for them by name, unless they are on the stage.
    """

    heard: frozenset[str] | None = None
    seen: frozenset[str] | None = None
    quiet: frozenset[str] = frozenset()
    stage: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    seconds: frozenset[str] | None = None
    aside: frozenset[str] = frozenset()
    _ranks: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(
        cls, heard: Iterable[str] | None, stage: Sequence[str], seen: Iterable[str] | None = None, quiet: Iterable[str] = (),
        voices: Sequence[str] = (), seconds: Iterable[str] | None = None, aside: Iterable[str] = (),
    ) -> Policy:
        """As the control protocol says it."""
        people = [name for name in dict.fromkeys(stage) if not is_screen(name)]
        ranks = {name: CHAIR if place else FLOOR for place, name in enumerate(people)}
        return cls(
            None if heard is None else frozenset(heard), None if seen is None else frozenset(seen), frozenset(quiet),
            tuple(dict.fromkeys(stage)), tuple(dict.fromkeys(voices)), None if seconds is None else frozenset(seconds),
            frozenset(aside).difference(stage), ranks)

    def closes(self, name: str, kind: Kind) -> bool:
        """Whether what this name publishes of this kind is dropped at the entrance."""
        if _SECOND in name and self.seconds is not None and name not in self.seconds:
            return True
        names = {name, point_of(name)}
        if kind == "audio" and self.seconds is not None and is_screen(name):
            return name in self.quiet
        if kind == "audio" and not names.isdisjoint(self.quiet):
            return True
        allowed = self.heard if kind == "audio" else self.seen
        return allowed is not None and names.isdisjoint(allowed)

    def first(self, kind: Kind) -> tuple[str, ...]:
        """Who goes before all others."""
        return self.stage if kind == "video" else self.voices

    def rank(self, name: str) -> int:
        """How much a picture matters where a line carries few: what a screen shows is read, and so is whoever stands aside for those
        who asked for it (an interpreter into sign language); faces are looked at."""
        if is_screen(name):
            return SCREEN
        return FLOOR if name in self.aside else self._ranks.get(name, OTHERS)


OPEN: Final = Policy()
