"""What a controller may ask of the media server: each operation's fields are checked here, then handed on.

Whatever is no text, number or list where one should be is refused as ``control.syntax``; nothing is believed.  Called by
``media/worker.py``, which owns the socket and the operations about the process itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from media.control import Message
from media.errors import BadSdp, MediaError
from media.fragment import answer_fragment, parse_fragment
from media.limits import MAX_NAME
from media.sfu import Sfu

_BY_NAME: Final = (
    "publish", "subscribe", "close", "trickle", "restart", "view", "pin", "close_room", "policy", "link", "unlink",
)


class Operations:
    """``sfu()`` raises while there is none."""

    def __init__(self, sfu: Callable[[], Sfu]) -> None:
        self._sfu = sfu

    def by_name(self) -> dict[str, Callable[[Message], Any]]:
        """As requests name them."""
        return {name: getattr(self, f"_{name}") for name in _BY_NAME}

    def _publish(self, request: Message) -> str:
        room, session, name, offer = texts(request, "room", "session", "name", "offer")
        return self._sfu().publish(room, session, name, offer)

    def _subscribe(self, request: Message) -> str:
        room, session, name, offer = texts(request, "room", "session", "name", "offer")
        return self._sfu().subscribe(room, session, name, offer, names(request.get("publishers")))

    def _close(self, request: Message) -> bool:
        return self._sfu().close(*texts(request, "session"))

    def _trickle(self, request: Message) -> None:
        session, text = texts(request, "session", "fragment")
        self._sfu().trickle(session, names(request.get("tags")) or [])
        parse_fragment(text)

    def _restart(self, request: Message) -> str:
        session, text = texts(request, "session", "fragment")
        fragment = parse_fragment(text, restart=True)
        return answer_fragment(fragment, *self._sfu().restart(session), self._sfu().candidates)

    def _view(self, request: Message) -> None:
        heights = request.get("heights")
        if not isinstance(heights, dict) or not all(type(rows) is int for rows in heights.values()):
            raise MediaError("control.syntax")
        (session,) = texts(request, "session")
        if not self._sfu().view(session, heights):
            raise MediaError("session.unknown")

    def _pin(self, request: Message) -> None:
        pins = request.get("names")
        if not isinstance(pins, dict) or not all(
            name is None or (isinstance(name, str) and len(name) <= MAX_NAME) for name in pins.values()
        ):
            raise MediaError("control.syntax")
        (session,) = texts(request, "session")
        if not self._sfu().pin(session, pins):
            raise MediaError("session.unknown")

    def _close_room(self, request: Message) -> None:
        self._sfu().close_room(*texts(request, "room"))

    def _policy(self, request: Message) -> None:
        heard, seen, seconds = (names(request.get(name)) for name in ("heard", "seen", "seconds"))
        stage, quiet, voices, aside = (names(request.get(name)) or [] for name in ("stage", "quiet", "voices", "aside"))
        (room,) = texts(request, "room")
        self._sfu().policy(room, heard, stage, seen, quiet, voices, seconds, aside)

    def _link(self, request: Message) -> None:
        room, name, receive, send = texts(request, "room", "link", "receive", "send")
        host, port = pair(request.get("peer"), str, int)
        try:
            keys = bytes.fromhex(receive), bytes.fromhex(send)
        except ValueError as error:
            raise MediaError("control.syntax") from error
        self._sfu().link(room, name, (host, port), keys, pair(request.get("ssrcs"), int, int))

    def _unlink(self, request: Message) -> bool:
        return self._sfu().unlink(*texts(request, "link"))


def texts(request: Message, *fields: str) -> list[str]:
    """These fields, all of which must be texts."""
    values = [request.get(name) for name in fields]
    for name, value in zip(fields, values, strict=True):
        if not isinstance(value, str):
            raise BadSdp("sdp.syntax") if name == "offer" else MediaError("control.syntax")
    return [str(value) for value in values]


def pair(value: Any, *kinds: type) -> Any:
    """Two values of these kinds."""
    if not isinstance(value, list) or len(value) != 2 or not all(type(one) is kind for one, kind in zip(value, kinds, strict=True)):
        raise MediaError("control.syntax")
    return tuple(value)


def names(value: Any) -> list[str] | None:
    """A list of texts, or nothing."""
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise MediaError("control.syntax")
    return value
