"""Errors of the media server: stable codes, never prose for people.

Raised by every module of this package; ``media/control.py`` carries the code over the control socket and the web area turns
it into text.  Parsers raise nothing else: any other exception out of a parser is a defect.
"""

from __future__ import annotations


class MediaError(Exception):
    """Base of all errors of this package; ``code`` is a stable string such as ``media.sdp``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class BadPacket(MediaError):
    """A datagram that is not what its first byte says, or that fails its authentication."""


class BadSdp(MediaError):
    """A session description that is malformed, too large or asks for something the server cannot do."""


class RoomFull(MediaError):
    """A limit of ``media/limits.py`` stands in the way of one more session."""


class Gone(MediaError):
    """The session, the room or the media server itself no longer exists."""


class HandshakeFailed(MediaError):
    """The DTLS handshake did not end in an authenticated peer; no SRTP was or will be exchanged."""


ERRORS: dict[str, type[MediaError]] = {
    kind.__name__: kind for kind in (MediaError, BadPacket, BadSdp, RoomFull, Gone, HandshakeFailed)
}
