"""Reads session descriptions: our own text layer, as strict as an open door has to be (RFC 8866, RFC 9429).

Pure; ``parse_offer`` either returns an ``Offer`` or raises BadSdp, whatever the bytes.  Nothing of an offer is kept that the
answer or the relay does not need.  ``media/answer.py`` builds the answers.  Called by ``media/worker.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from media.errors import BadSdp
from media.limits import MAX_FORMATS, MAX_SDP, MAX_SDP_LINES, MAX_SECTIONS

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
Fingerprint = tuple[str, str]

_LINE: Final = re.compile(r"([a-z])=(.*)", re.ASCII)
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64}", re.ASCII)
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]{0,512}", re.ASCII)
_HEX: Final = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){15,63}", re.ASCII)
_ICE: Final = re.compile(r"[A-Za-z0-9+/]{4,256}", re.ASCII)
_DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")
_PROTOCOLS: Final = ("UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF", "RTP/SAVPF", "UDP/TLS/RTP/SAVP")
MID_URI: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
LEVEL_URI: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"  # RFC 6464
_EXTENSIONS: Final = (MID_URI, LEVEL_URI)


@dataclass(slots=True)
class Codec:
    """One payload type of a section.  ``name`` is upper case; ``fmtp`` is the parameter text as offered."""

    payload_type: int
    name: str = ""
    clock: int = 0
    channels: int = 1
    fmtp: str = ""
    feedback: list[str] = field(default_factory=list)

    def parameter(self, wanted: str) -> str | None:
        """One parameter of the fmtp line, lower-cased value."""
        for part in self.fmtp.split(";"):
            key, _, value = part.strip().partition("=")
            if key.lower() == wanted:
                return value.strip().lower()
        return None


@dataclass(slots=True)
class Section:
    """One m-line.  ``codecs`` in order of preference; ``ssrcs`` the announced ones, first the media's own."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    mid: str = ""
    direction: Direction = "sendrecv"
    codecs: dict[int, Codec] = field(default_factory=dict)
    extensions: dict[str, int] = field(default_factory=dict)
    ssrcs: list[int] = field(default_factory=list)
    rtcp_mux: bool = False
    simulcast: bool = False
    bundle_only: bool = False
    ufrag: str = ""
    pwd: str = ""
    setup: str = ""
    fingerprints: list[Fingerprint] = field(default_factory=list)

    @property
    def is_media(self) -> bool:
        """Sound or picture over a protocol we speak, not switched off by the offerer."""
        live = self.port != 0 or self.bundle_only
        return self.kind in ("audio", "video") and self.protocol in _PROTOCOLS and live


@dataclass(frozen=True, slots=True)
class Offer:
    """A well-formed offer.  ``bundle`` are the mids that share the one transport described by the other fields."""

    sections: list[Section]
    bundle: tuple[str, ...]
    ufrag: str
    pwd: str
    fingerprints: list[Fingerprint]


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
    kind: Literal["audio", "video"]
    codec: str
    payload_type: int
    clock: int
    encodings: tuple[Encoding, ...] = (Encoding(),)
    rtx: int = 0
    red: int = 0
    extensions: Extensions = Extensions()
    feedback: frozenset[str] = frozenset()

    @property
    def ssrc(self) -> int | None:
        """Of the first encoding, where the offer announced one."""
        return self.encodings[0].ssrc

    @property
    def level(self) -> int:
        """Number of the header extension with its loudness, 0 where none was agreed."""
        return self.extensions.level


@dataclass(frozen=True, slots=True)
class Slot:
    """A section in which a subscriber receives; ``payload_types`` and ``rtx`` (theirs for repairs) by format.

    ``rtx_ssrc`` is 0 where the receiver did not offer RTX (RFC 4588): packets are then sent again as they were.
    """

    mid: str
    kind: Literal["audio", "video"]
    ssrc: int
    payload_types: dict[str, int]
    cname: str
    rtx_ssrc: int = 0
    rtx: dict[str, int] = field(default_factory=dict)
    extensions: Extensions = Extensions()
    feedback: frozenset[str] = frozenset()


def parse_offer(text: str) -> Offer:
    """Raises: BadSdp with code ``sdp.size``, ``sdp.syntax``, ``sdp.sections``, ``sdp.transport`` or ``sdp.fingerprint``."""
    if len(text) > MAX_SDP or len(text.encode("utf-8", "replace")) > MAX_SDP:
        raise BadSdp("sdp.size")
    lines = text.split("\n")
    if len(lines) > MAX_SDP_LINES:
        raise BadSdp("sdp.size")
    try:
        return _parse([line.rstrip("\r") for line in lines])
    except BadSdp:
        raise
    except Exception as error:  # a hole in this parser must not be a hole in the server
        raise BadSdp("sdp.syntax") from error


def _parse(lines: list[str]) -> Offer:
    while lines and not lines[-1]:
        lines.pop()
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
            sections.append(_media_line(value))
        elif kind == "a":
            name, _, rest = value.partition(":")
            if name == "group" and not sections:
                words = rest.split(" ")
                if words[0] == "BUNDLE" and not bundle:
                    bundle = tuple(words[1:])
            else:
                _attribute(sections[-1] if sections else session, name, rest)
    if not sections:
        raise BadSdp("sdp.sections")
    return _offer(session, sections, bundle)


def _media_line(value: str) -> Section:
    kind, port, protocol, *formats = value.split(" ")
    if not _TOKEN.fullmatch(kind) or len(formats) > MAX_FORMATS or not formats:
        raise BadSdp("sdp.syntax")
    if not all(_TOKEN.fullmatch(item) for item in formats) or not re.fullmatch(r"[A-Za-z/]{3,40}", protocol):
        raise BadSdp("sdp.syntax")
    section = Section(kind, _number(port, 65535), protocol, formats)
    if section.kind in ("audio", "video"):
        section.codecs = {number: Codec(number) for number in (_number(item, 127) for item in formats)}
    return section


def _number(text: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or int(text) > most:
        raise BadSdp("sdp.syntax")
    return int(text)


def _attribute(section: Section, name: str, value: str) -> None:
    reader = _READERS.get(name)
    if reader is not None:
        reader(section, value)
    elif name in _DIRECTIONS:
        section.direction = name  # type: ignore[assignment]
    elif name == "rtcp-mux":
        section.rtcp_mux = True
    elif name == "bundle-only":
        section.bundle_only = True
    elif name in ("simulcast", "rid"):
        section.simulcast = True


def _mid(section: Section, value: str) -> None:
    if not _TOKEN.fullmatch(value):
        raise BadSdp("sdp.syntax")
    section.mid = value


def _rtpmap(section: Section, value: str) -> None:
    number, _, encoding = value.partition(" ")
    codec = section.codecs.get(_number(number, 127))
    if codec is not None:
        name, clock, *channels = encoding.strip().split("/")
        if not _TOKEN.fullmatch(name):
            raise BadSdp("sdp.syntax")
        codec.name, codec.clock = name.upper(), _number(clock, 1_000_000)
        codec.channels = _number(channels[0], 255) if channels else 1


def _fmtp(section: Section, value: str) -> None:
    number, _, text = value.partition(" ")
    codec = section.codecs.get(_number(number, 127))
    if codec is not None:
        if not _PRINTABLE.fullmatch(text):
            raise BadSdp("sdp.syntax")
        codec.fmtp = text


def _rtcp_fb(section: Section, value: str) -> None:
    number, _, text = value.partition(" ")
    for codec in section.codecs.values() if number == "*" else [section.codecs.get(_number(number, 127))]:
        if codec is not None and len(codec.feedback) < 32:
            codec.feedback.append(text.strip())


def _extmap(section: Section, value: str) -> None:
    number, _, uri = value.partition(" ")
    ident = _number(number.partition("/")[0], 4096)
    uri = uri.split(" ")[0]  # attributes of the extension may follow
    if uri in _EXTENSIONS and 0 < ident < 256:
        section.extensions[uri] = ident


def _ssrc(section: Section, value: str) -> None:
    ssrc = _number(value.split(" ")[0], 0xFFFFFFFF)
    if ssrc not in section.ssrcs and len(section.ssrcs) < 16:
        section.ssrcs.append(ssrc)


def _fingerprint(section: Section, value: str) -> None:
    algorithm, _, text = value.partition(" ")
    text = text.strip().upper()
    if not _TOKEN.fullmatch(algorithm) or not _HEX.fullmatch(text) or len(section.fingerprints) >= 8:
        raise BadSdp("sdp.fingerprint")
    section.fingerprints.append((algorithm.lower(), text))


def _setup(section: Section, value: str) -> None:
    section.setup = value.strip()


def _ufrag(section: Section, value: str) -> None:
    if not _ICE.fullmatch(value):
        raise BadSdp("sdp.transport")
    section.ufrag = value


def _pwd(section: Section, value: str) -> None:
    if not _ICE.fullmatch(value) or len(value) < 22:
        raise BadSdp("sdp.transport")
    section.pwd = value


_READERS: Final = {
    "mid": _mid, "rtpmap": _rtpmap, "fmtp": _fmtp, "rtcp-fb": _rtcp_fb, "extmap": _extmap, "ssrc": _ssrc,
    "fingerprint": _fingerprint, "setup": _setup, "ice-ufrag": _ufrag, "ice-pwd": _pwd,
}


def _offer(session: Section, sections: list[Section], bundle: tuple[str, ...]) -> Offer:
    mids = [section.mid for section in sections if section.mid]
    if len(mids) != len(set(mids)) or any(mid not in mids for mid in bundle):
        raise BadSdp("sdp.syntax")
    if not bundle:  # no bundling offered: the first media section alone is ours
        for index, section in enumerate(sections):
            section.mid = section.mid or f"m{index}"
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
    return Offer(sections, bundle, ufrag, pwd, fingerprints)
