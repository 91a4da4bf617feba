"""Versions of what is shown: a strong ETag is the hash of the very bytes, so nothing a reader saw changes under it.

A change names the version it was made from (`If-Match`); without one it is 428, made from an older one 412 (RFC 6585,
RFC 9110 §13).  The comparison is made in the transaction of the change, under the lock of what is changed.  Pure.
"""

from __future__ import annotations

import hashlib
import re

from web.api.problem import Refused

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_LIST = re.compile(rf"\s*{_TAG.pattern}\s*(,\s*{_TAG.pattern}\s*)*")
LONGEST = 4096


def of(body: bytes) -> str:
    """The strong tag of these bytes, with its quotation marks."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(given: str | None, tag: str) -> bool:
    """`If-None-Match`: weak comparison, as RFC 9110 §13.1.2 wants it.  What is no list of tags matches nothing."""
    if given is None:
        return False
    return given.strip() == "*" or any(f'"{opaque}"' == tag for _weak, opaque in _tags(given))


def wanted(given: str | None) -> str:
    """The `If-Match` of a change.  Raises Refused("api.match_missing", 428), Refused("api.match", 400)."""
    if given is None or not given.strip():
        raise Refused("api.match_missing", 428)
    if given.strip() != "*" and not _tags(given):
        raise Refused("api.match", 400)
    return given


def check(given: str, tag: str) -> None:
    """Raises Refused("api.stale", 412) unless the change was made from what stands now; weak tags never match."""
    if given.strip() == "*" or any(not weak and f'"{opaque}"' == tag for weak, opaque in _tags(given)):
        return
    raise Refused("api.stale", 412)


def _tags(given: str) -> list[tuple[str, str]]:
    return _TAG.findall(given) if len(given) <= LONGEST and _LIST.fullmatch(given) else []
