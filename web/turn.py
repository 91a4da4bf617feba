"""Passing credentials for coturn: good for one point and ten minutes, checked by coturn without asking us.

The shared-secret REST form (coturn's `use-auth-secret`): user name = expiry as a Unix time and a name, password = base64 of
HMAC-SHA-1 over it.  SHA-1 is coturn's choice; as an HMAC key it stays sound.  coturn asks for the expiry when an allocation is made, not when
it is refreshed, so a meeting may last longer; every new session gets fresh ones with its ticket.  Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from web.limits import TURN_CREDENTIALS


def user_of(code: str, now: datetime) -> str:
    """The name a point's page has for coturn: another one each minute for as long as a lost allocation may still count.

    Otherwise a point that changed its network twice would find its quota spent on what it left behind.
    """
    minutes = TURN_CREDENTIALS // timedelta(minutes=1)
    return f"{code}.{int(now.timestamp()) // 60 % minutes}"


def ice_servers(urls: Sequence[str], secret: str, name: str, now: datetime) -> list[dict[str, Any]]:
    """What a browser's RTCPeerConnection takes as `iceServers`; empty where no TURN server is set up."""
    if not urls or not secret:
        return []
    user = f"{int((now + TURN_CREDENTIALS).timestamp())}:{name}"
    mac = hmac.new(secret.encode(), user.encode(), hashlib.sha1).digest()
    return [{"urls": list(urls), "username": user, "credential": base64.b64encode(mac).decode()}]


def links(servers: Sequence[dict[str, Any]]) -> list[str]:
    """The same as values of Link headers (RFC 9725 §4.6)."""
    return [
        f'<{url}>; rel="ice-server"; username="{one["username"]}"; credential="{one["credential"]}"; credential-type="password"'
        for one in servers for url in one["urls"]
    ]
