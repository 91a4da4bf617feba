"""Reads session descriptions, as strictly as an open door has to, and says what is agreed (RFC 8866, RFC 9429, RFC 8843).

Pure; ``parse_offer`` either returns an ``Offer`` or raises BadSdp, whatever the bytes.  ``media/section.py`` reads the lines
of one section, ``media/answer.py`` builds answers.  Called by ``media/sfu.py``; the agreed ``Track`` and ``Slot`` go to
``media/room.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from media.errors import BadSdp
from media.limits import MAX_SDP, MAX_SDP_LINES, MAX_SECTIONS, MAX_SSRCS
from media.section import Codec, Fingerprint, Section, media_line, read

__all__ = ["Codec", "Encoding", "Extensions", "Fingerprint", "Kind", "Offer", "Section", "Slot", "Track", "parse_offer"]

Kind = Literal["audio", "video"]

_LINE: Final = re.compile(r"([a-z])=(.*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Offer:
    """A well-formed offer.  ``bundle`` are the mids that share the one transport described by the other fields.

    ``mixed``: both forms of header extensions may be mixed everywhere (``a=extmap-allow-mixed`` of the session).
    """

    sections: list[Section]
    bundle: tuple[str, ...]
    ufrag: str
    pwd: str
    fingerprints: list[Fingerprint]
    mixed: bool = False


class Extensions(NamedTuple):
    """Numbers of the header extensions agreed in one section (RFC 8285); 0: not agreed."""

    mid: int = 0
    rid: int = 0
    rrid: int = 0
    level: int = 0
    abs_send: int = 0
    transport_wide: int = 0
    capture: int = 0


@dataclass(frozen=True, slots=True)
class Encoding:
    """One simulcast layer of a publisher's track, or all of it (``rid`` is empty then); SSRCs only where announced."""

    rid: str = ""
    ssrc: int | None = None
    rtx_ssrc: int | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """A track a publisher may send, as agreed in the answer.

    ``encodings`` in the order of the offer's ``a=simulcast:send``.  ``rtx`` and ``red`` are payload types, 0: none; with
    ``red`` the ``payload_type`` is that of the Opus inside.  ``feedback``: which of transport-cc, goog-remb, nack,
    nack pli and ccm fir were agreed.
    """

    mid: str
    kind: Kind
    codec: str
    payload_type: int
    clock: int
    encodings: tuple[Encoding, ...] = (Encoding(),)
    rtx: int = 0
    red: int = 0
    extensions: Extensions = Extensions()
    feedback: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Slot:
    """A section in which a subscriber receives; ``payload_types`` and ``rtx`` (theirs for repairs) by format.

    ``rtx_ssrc`` is 0 where the receiver did not offer RTX (RFC 4588): packets are then sent again as they were.
    """

    mid: str
    kind: Kind
    ssrc: int
    payload_types: dict[str, int]
    cname: str
    rtx_ssrc: int = 0
    rtx: dict[str, int] = field(default_factory=dict)
    extensions: Extensions = Extensions()
    feedback: frozenset[str] = frozenset()


def parse_offer(text: str) -> Offer:
    """Raises: BadSdp with code ``sdp.`` and what is wrong: size, syntax, sections, mid, bundle, transport, fingerprint,
    payload, extension, ssrc or rid.
    """
    lines = split(text)
    try:
        return _parse(lines)
    except BadSdp:
        raise
    except Exception as error:  # a hole in this parser must not be a hole in the server
        raise BadSdp("sdp.syntax") from error


def split(text: str) -> list[str]:
    """The lines of a description or a fragment, without their ends.  Raises: BadSdp ``sdp.size``."""
    if len(text) > MAX_SDP or len(text.encode("utf-8", "replace")) > MAX_SDP:
        raise BadSdp("sdp.size")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if len(lines) > MAX_SDP_LINES:
        raise BadSdp("sdp.size")
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _parse(lines: list[str]) -> Offer:
    if not lines or lines[0] != "v=0":
        raise BadSdp("sdp.syntax")
    session = Section("session", 1, "", [])
    bundle: tuple[str, ...] = ()
    sections: list[Section] = []
    for line in lines[1:]:
        match = _LINE.fullmatch(line)
        if match is None:
            raise BadSdp("sdp.syntax")
        kind, value = match.groups()
        if kind == "m":
            if len(sections) >= MAX_SECTIONS:
                raise BadSdp("sdp.sections")
            sections.append(media_line(value))
        elif kind == "a":
            name, _, rest = value.partition(":")
            if name == "group" and not sections:
                words = rest.split(" ")
                if words[0] == "BUNDLE" and not bundle:
                    bundle = tuple(words[1:])
            else:
                read(sections[-1] if sections else session, name, rest)
    if not sections:
        raise BadSdp("sdp.sections")
    return _offer(session, sections, bundle)


def _offer(session: Section, sections: list[Section], bundle: tuple[str, ...]) -> Offer:
    mids = [section.mid for section in sections if section.mid]
    if len(mids) != len(set(mids)):
        raise BadSdp("sdp.mid")
    if any(mid not in mids for mid in bundle):
        raise BadSdp("sdp.bundle")
    for index, section in enumerate(sections):
        section.extensions = session.extensions | section.extensions
        section.uris = session.uris | section.uris
        if not bundle and not section.mid:
            section.mid = _free_mid(index, mids)
    if not bundle:  # no bundling offered: the first media section alone is ours
        bundle = tuple(section.mid for section in sections if section.is_media)[:1]
    joined = [section for section in sections if section.mid in bundle and (section.is_media or section.port)]
    carriers = [*joined, session]
    ufrag, pwd = (next((getattr(s, name) for s in carriers if getattr(s, name)), "") for name in ("ufrag", "pwd"))
    if not ufrag or not pwd or any(s.setup not in ("", "actpass", "active") for s in carriers):
        raise BadSdp("sdp.transport")
    # Every fingerprint of the one transport counts; a contradiction is found out by the handshake.
    fingerprints = list(dict.fromkeys(item for section in carriers for item in section.fingerprints))
    if not any(algorithm in ("sha-256", "sha-384", "sha-512") for algorithm, _ in fingerprints):
        raise BadSdp("sdp.fingerprint")
    _check_one_transport([section for section in joined if section.is_media])
    return Offer(sections, bundle, ufrag, pwd, fingerprints, session.mixed)


def _free_mid(index: int, mids: list[str]) -> str:
    name = f"m{index}"
    while name in mids:
        name += "_"
    return name


def _check_one_transport(sections: list[Section]) -> None:
    """What sections that share a transport may not contradict each other in (RFC 8843 sections 9 and 10)."""
    formats: dict[int, tuple[str, int, int]] = {}
    uris: dict[int, str] = {}
    ssrcs: set[int] = set()
    for section in sections:
        for codec in section.codecs.values():
            said = codec.name, codec.clock, codec.channels
            if codec.name and formats.setdefault(codec.payload_type, said) != said:
                raise BadSdp("sdp.payload")
        for ident, uri in section.uris.items():
            if uris.setdefault(ident, uri) != uri:
                raise BadSdp("sdp.extension")
        if section.sends:
            own = {*section.ssrcs, *(ssrc for _, members in section.groups for ssrc in members)}
            if own & ssrcs or len(own) + len(ssrcs) > MAX_SSRCS:
                raise BadSdp("sdp.ssrc")
            ssrcs |= own
