"""Join links and tickets: how their secrets are made and read.  Pure; which of them are still good, the store knows.

A link belongs to (meeting, point), is reusable to the meeting's end and revocable.  Its secret is derived from a key of
the installation by HMAC, so a lost card is printed again without any secret in the database; raising the generation
voids all cards printed before.  A ticket is random, lives 60 s, opens one media session once; only its SHA-256 is kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from enum import StrEnum

from meetings.errors import NotFound

TICKET_SECONDS = 60
BENCH_PREFIX = "bench-"
"""Rooms of benches and of plain WHIP clients: no meeting stands behind them."""

SCREEN = "#screen"
"""Behind a point's code: the media name of the screen that it shares, beside its own."""

_MAC_BYTES = 16  # 128 bits cannot be guessed over a network; the whole secret stays a small QR code
_LINK_BYTES = 16 + 2 + _MAC_BYTES
_PURPOSE = b"diemcau join link 1\0"


class TicketRole(StrEnum):
    """A media session sends (WHIP) or receives (WHEP)."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a redeemed ticket allows.  `name` is the media name of the peer: the point's code.

    beside: of whoever only receives and holds no point's place (a television, a wall): under which name its tickets are counted.
    """

    room: str
    role: str
    name: str
    point_id: int | None
    session_id: str
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A join link of a seat, without its secret (`link_secret` makes it)."""

    link_id: str
    meeting_id: str
    point_id: int
    code: str
    name: str
    generation: int
    revoked: bool


def point_of(name: str) -> str:
    """The code of the point that has this media name: ``22`` for ``22#screen``."""
    return name.partition("#")[0]


def link_secret(key: bytes, link_id: str, generation: int) -> str:
    """The text in the link and in the QR code: 46 URL-safe characters."""
    body = uuid.UUID(link_id).bytes + generation.to_bytes(2, "big")
    return base64.urlsafe_b64encode(body + _mac(key, body)).rstrip(b"=").decode()


def parse_link(key: bytes, text: str) -> tuple[str, int]:
    """(link_id, generation) of a secret made with `key`.  Raises NotFound("link.unknown") for anything else."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotFound("link.unknown") from None
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if len(raw) != _LINK_BYTES or not hmac.compare_digest(mac, _mac(key, body)):
        raise NotFound("link.unknown")
    link_id, generation = str(uuid.UUID(bytes=body[:16])), int.from_bytes(body[16:], "big")
    # Base64 has spare bits at its end: only the one spelling that we print is good.
    if link_secret(key, link_id, generation) != text:
        raise NotFound("link.unknown")
    return link_id, generation


def new_token() -> str:
    """A fresh ticket: 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """What is stored of a ticket.  A fast hash is right here: the token is random, there is nothing to guess."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_receipt() -> str:
    """The voter's receipt: four groups of four, found again in the ledger."""
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[i:i + 4] for i in range(0, 16, 4))


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + body, hashlib.sha256).digest()[:_MAC_BYTES]
