"""SDP fragments of WHIP and WHEP: candidates that come later, and ICE restarts (RFC 8840 section 9, RFC 9725 section 4.3).

Pure; ``parse_fragment`` either returns a ``Fragment`` or raises BadSdp.  Candidates are counted, never used: a lite agent
answers whoever checks with the right password (RFC 8445 section 2.5).  Called by ``media/worker.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from media.errors import BadSdp
from media.limits import MAX_CANDIDATES, MAX_SECTIONS
from media.sdp import split
from media.section import TOKEN, Section, media_line, read

_LINE: Final = re.compile(r"([a-z])=([\x20-\x7e]{0,1024})", re.ASCII)
_READ: Final = ("mid", "ice-ufrag", "ice-pwd")


@dataclass(frozen=True, slots=True)
class Fragment:
    """``bundle`` and the first section as they came; ``ufrag`` and ``pwd`` are empty where the fragment names none."""

    bundle: tuple[str, ...]
    kind: str
    mid: str
    ufrag: str
    pwd: str


def parse_fragment(text: str, *, restart: bool = False) -> Fragment:
    """Raises: BadSdp ``sdp.size``, ``sdp.fragment``, or ``sdp.transport``: bad credentials, or none where ICE restarts."""
    session = Section("session", 1, "", [])
    sections: list[Section] = []
    bundle: tuple[str, ...] = ()
    candidates, ended = 0, False  # not kept: only too many of them, or nothing at all, is refused
    for line in split(text):
        match = _LINE.fullmatch(line)
        if match is None:
            raise BadSdp("sdp.fragment")
        kind, value = match.groups()
        name, _, rest = value.partition(":")
        if kind == "m":
            sections.append(_section(value, len(sections)))
        elif kind == "a" and name in _READ:
            read(sections[-1] if sections else session, name, rest)
        elif kind == "a" and name == "candidate":
            candidates += 1
        elif kind == "a" and name == "end-of-candidates":
            ended = True
        elif kind == "a" and name == "group" and rest.startswith("BUNDLE "):
            bundle = tuple(rest.split(" ")[1:])
    if candidates > MAX_CANDIDATES or not all(TOKEN.fullmatch(mid) for mid in bundle):
        raise BadSdp("sdp.fragment")
    carriers = [*sections, session]
    ufrag, pwd = (next((getattr(one, name) for one in carriers if getattr(one, name)), "") for name in ("ufrag", "pwd"))
    if restart and not (ufrag and pwd):
        raise BadSdp("sdp.transport")
    first = sections[0] if sections else session
    if not (ufrag or candidates or ended):
        raise BadSdp("sdp.fragment")
    return Fragment(bundle, first.kind if sections else "audio", first.mid, ufrag, pwd)


def _section(value: str, count: int) -> Section:
    try:
        section = media_line(value)
    except (BadSdp, ValueError) as error:
        raise BadSdp("sdp.fragment") from error
    if count >= MAX_SECTIONS:
        raise BadSdp("sdp.fragment")
    return section


def answer_fragment(fragment: Fragment, ufrag: str, pwd: str, candidates: Sequence[str]) -> str:
    """Our new side of a session whose client restarted ICE; ``candidates`` are ``a=candidate`` values."""
    lines = ["a=ice-lite", "a=ice-options:trickle ice2"]
    lines += [f"a=group:BUNDLE {' '.join(fragment.bundle)}"] * bool(fragment.bundle)
    lines += [f"m={fragment.kind} 9 UDP/TLS/RTP/SAVPF 0"] + [f"a=mid:{fragment.mid}"] * bool(fragment.mid)
    lines += [f"a=ice-ufrag:{ufrag}", f"a=ice-pwd:{pwd}"]
    lines += [*(f"a=candidate:{candidate}" for candidate in candidates), "a=end-of-candidates"]
    return "\r\n".join(lines) + "\r\n"
