"""Who speaks: what the levels of one source's packets (RFC 6464) say of it, and which of two sources to hear first.

A sound is speech as long as it stands out from the source's own background, which is followed: a fan, however loud, becomes
background after a while.  Speech is believed after a fifth of a second, and is over only after some silence, so that neither a
cough nor a breath moves anything.  Who began first keeps the place while speaking; then come those of whom nothing is
known, then the silent, the latest speaker first.  Pure; ``now`` is an argument.  Called by ``media/room.py``.
"""

from __future__ import annotations

from typing import Final

_QUIETEST: Final = -65.0  # dBov: the background is never taken for quieter than this
_RISE: Final = 2.0        # dB a second the background may rise; it falls at once
_MARGIN: Final = 9.0      # dB above the background that make a sound stand out
_BELIEVE: Final = 0.2     # seconds of sound until somebody speaks
_MOST: Final = 1.5        # seconds of sound that count: the silence that ends a speech is twice as long at most
_FADE: Final = 0.5        # seconds of sound that one second of silence takes back
_PACKET: Final = 0.06     # the longest time one packet speaks for
_ABSENT: Final = 0.25     # without a packet for so long a source is silent

_SPEAKS, _UNKNOWN, _SILENT = 0, 1, 2


class Voice:
    """How one source has sounded lately."""

    __slots__ = ("speaking", "_since", "_background", "_sound", "_heard_at")

    def __init__(self) -> None:
        self.speaking = False
        self._since = self._heard_at = float("-inf")
        self._background = float("inf")
        self._sound = 0.0

    @property
    def rank(self) -> tuple[int, float]:
        """Smaller is to be heard before larger."""
        if self.speaking:
            return _SPEAKS, self._since
        return (_SILENT, -self._since) if self._heard_at >= 0 else (_UNKNOWN, 0.0)

    def hear(self, level: int, now: float) -> bool:
        """One packet: 0 is the loudest, 127 silence.  True when speaking began or ended with it."""
        passed = now - self._heard_at if self._heard_at >= 0 else 0.0
        risen = self._background + _RISE * passed
        self._background = max(_QUIETEST, min(-level, risen))
        return self._judge(-level >= self._background + _MARGIN, passed, now)

    def rest(self, now: float) -> bool:
        """Time passes; True when speaking ended because nothing comes any more.  Call a few times a second."""
        if not self.speaking or now - self._heard_at < _ABSENT:
            return False
        return self._judge(False, now - self._heard_at, now)

    def _judge(self, stands_out: bool, passed: float, now: float) -> bool:
        self._heard_at = now
        if stands_out:
            self._sound = min(_MOST, self._sound + min(passed, _PACKET))
        else:
            self._sound = max(0.0, self._sound - _FADE * passed)
        speaks = self._sound > 0 if self.speaking else self._sound >= _BELIEVE
        if speaks == self.speaking:
            return False
        self.speaking, self._since = speaks, now
        return True
