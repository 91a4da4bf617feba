"""Identifiers: UUIDv7 text (RFC 9562 section 5.7).  Never secrets; a secret is made in `admission`.

Called by every use case that makes something new.  `now` is given by the caller, so tests choose the order of ids.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime


def new_id(now: datetime) -> str:
    """A UUIDv7 for the instant `now` (aware).

    The 12 bits after the version hold the fraction of the millisecond (RFC 9562 section 6.2, method 3), so ids made
    at different microseconds sort in the order of their making on one machine; the last 62 bits are random.
    """
    if now.tzinfo is None:
        raise ValueError("an id needs a time with a zone")
    micros = int(now.timestamp()) * 1_000_000 + now.microsecond
    millis, fraction = divmod(micros, 1000)
    value = (millis & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | (fraction * 4096 // 1000) << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
