"""One m-line of an offer: what its attribute lines say, read strictly (RFC 8866, RFC 8839, RFC 8285, RFC 5576, RFC 8851–8853).

Pure.  Readers keep what the answer or the relay needs and raise BadSdp for a line that contradicts its own grammar; whether
the lines fit together is judged by its callers, ``media/sdp.py`` and ``media/fragment.py``.  Never keeps text that could start a line of the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from media.errors import BadSdp
from media.limits import MAX_FORMATS, MAX_GROUPS, MAX_RIDS, MAX_SSRCS

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
Fingerprint = tuple[str, str]

TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64}", re.ASCII)
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]{0,512}", re.ASCII)
_RID: Final = re.compile(r"[A-Za-z0-9_-]{1,16}", re.ASCII)  # RFC 8851 asks for letters and digits; browsers take these too
_LIMITS: Final = re.compile(r"[A-Za-z0-9_=,;.-]{0,256}", re.ASCII)
_HEX: Final = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){15,63}", re.ASCII)
_ICE: Final = re.compile(r"[A-Za-z0-9+/]{4,256}", re.ASCII)
_DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")
_PROTOCOLS: Final = ("UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF", "RTP/SAVPF", "UDP/TLS/RTP/SAVP")

EXTENSION_URIS: Final = {  # by the names of ``sdp.Extensions``
    "mid": "urn:ietf:params:rtp-hdrext:sdes:mid",
    "rid": "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "rrid": "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "level": "urn:ietf:params:rtp-hdrext:ssrc-audio-level",  # RFC 6464
    "abs_send": "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "transport_wide": "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "capture": "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
}
_NAMES: Final = {uri: name for name, uri in EXTENSION_URIS.items()}


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


@dataclass(frozen=True, slots=True)
class Rid:
    """A restriction line ``a=rid:… send`` (RFC 8851): ``types`` are the payload types it is for, empty: any; ``limits`` the rest."""

    types: tuple[int, ...]
    limits: str


@dataclass(slots=True)
class Section:
    """One m-line.  ``codecs`` in order of preference; ``ssrcs`` the announced ones in their order.

    ``extensions`` are (number, direction word or "") by the names of ``sdp.Extensions``; ``groups`` of SSRCs with their
    meaning (RFC 5576); ``rids`` those to be sent, ``simulcast`` their order in ``a=simulcast:send`` with alternatives.
    """

    kind: str
    port: int
    protocol: str
    formats: list[str]
    mid: str = ""
    direction: Direction = "sendrecv"
    codecs: dict[int, Codec] = field(default_factory=dict)
    extensions: dict[str, tuple[int, str]] = field(default_factory=dict)
    mixed: bool = False
    ssrcs: list[int] = field(default_factory=list)
    groups: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    rids: dict[str, Rid] = field(default_factory=dict)
    simulcast: list[list[str]] = field(default_factory=list)
    rtcp_mux: bool = False
    bundle_only: bool = False
    ufrag: str = ""
    pwd: str = ""
    setup: str = ""
    fingerprints: list[Fingerprint] = field(default_factory=list)
    uris: dict[int, str] = field(default_factory=dict)  # of all header extensions by number, also of those we do not know

    @property
    def is_media(self) -> bool:
        """Sound or picture over a protocol we speak, not switched off by the offerer."""
        live = self.port != 0 or self.bundle_only
        return self.kind in ("audio", "video") and self.protocol in _PROTOCOLS and live

    @property
    def sends(self) -> bool:
        """The offerer wants to send here."""
        return self.direction in ("sendrecv", "sendonly")

    @property
    def receives(self) -> bool:
        """The offerer wants to receive here."""
        return self.direction in ("sendrecv", "recvonly")


def number(text: str, most: int) -> int:
    """A decimal number up to ``most``.  Raises: BadSdp ``sdp.syntax``."""
    if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or int(text) > most:
        raise BadSdp("sdp.syntax")
    return int(text)


def media_line(value: str) -> Section:
    """The section an m-line begins.  Raises: BadSdp ``sdp.syntax`` or ``sdp.payload``."""
    kind, port, protocol, *formats = value.split(" ")
    if not TOKEN.fullmatch(kind) or len(formats) > MAX_FORMATS or not formats:
        raise BadSdp("sdp.syntax")
    if not all(TOKEN.fullmatch(item) for item in formats) or not re.fullmatch(r"[A-Za-z/]{3,40}", protocol):
        raise BadSdp("sdp.syntax")
    section = Section(kind, number(port, 65535), protocol, formats)
    if section.kind in ("audio", "video"):
        section.codecs = {found: Codec(found) for found in (number(item, 127) for item in formats)}
        if len(section.codecs) != len(formats):
            raise BadSdp("sdp.payload")
    return section


def read(section: Section, name: str, value: str) -> None:
    """Notes one attribute.  Raises: BadSdp with the code of what is wrong; unknown attributes are nobody's."""
    reader = _READERS.get(name)
    if reader is not None:
        reader(section, value)
    elif name in _DIRECTIONS:
        section.direction = name  # type: ignore[assignment]
    elif name in _FLAGS:
        setattr(section, _FLAGS[name], True)


def _mid(section: Section, value: str) -> None:
    if not TOKEN.fullmatch(value):
        raise BadSdp("sdp.syntax")
    section.mid = value


def _rtpmap(section: Section, value: str) -> None:
    ident, _, encoding = value.partition(" ")
    codec = section.codecs.get(number(ident, 127))
    if codec is None:
        return
    name, clock, *channels = encoding.strip().split("/")
    if not TOKEN.fullmatch(name):
        raise BadSdp("sdp.syntax")
    said = name.upper(), number(clock, 1_000_000), number(channels[0], 255) if channels else 1
    if codec.name and said != (codec.name, codec.clock, codec.channels):
        raise BadSdp("sdp.payload")
    codec.name, codec.clock, codec.channels = said


def _fmtp(section: Section, value: str) -> None:
    ident, _, text = value.partition(" ")
    codec = section.codecs.get(number(ident, 127))
    if codec is not None:
        if not _PRINTABLE.fullmatch(text):
            raise BadSdp("sdp.syntax")
        codec.fmtp = text


def _rtcp_fb(section: Section, value: str) -> None:
    ident, _, text = value.partition(" ")
    for codec in section.codecs.values() if ident == "*" else [section.codecs.get(number(ident, 127))]:
        if codec is not None and len(codec.feedback) < 32:
            codec.feedback.append(text.strip())


def _extmap(section: Section, value: str) -> None:
    said, _, uri = value.partition(" ")
    ident, _, direction = said.partition("/")
    # Above 255 stand numbers of alternatives the offerer leaves us to choose from (RFC 8285 section 5): none of ours.
    found = number(ident, 4351)
    if direction and direction not in _DIRECTIONS:
        raise BadSdp("sdp.extension")
    if found > 255 or found == 0:
        return
    uri = uri.split(" ")[0]  # attributes of the extension may follow
    if section.uris.setdefault(found, uri) != uri:
        raise BadSdp("sdp.extension")
    name = _NAMES.get(uri)
    if name is not None:
        section.extensions.setdefault(name, (found, direction))


def _ssrc(section: Section, value: str) -> None:
    ssrc = number(value.split(" ")[0], 0xFFFFFFFF)
    if ssrc not in section.ssrcs:
        if len(section.ssrcs) >= MAX_SSRCS:
            raise BadSdp("sdp.ssrc")
        section.ssrcs.append(ssrc)


def _ssrc_group(section: Section, value: str) -> None:
    meaning, *members = value.split()
    ssrcs = tuple(number(item, 0xFFFFFFFF) for item in members)
    if len(set(ssrcs)) != len(ssrcs) or not ssrcs or len(ssrcs) > MAX_SSRCS or len(section.groups) >= MAX_GROUPS:
        raise BadSdp("sdp.ssrc")
    section.groups.append((meaning.upper(), ssrcs))


def _rid(section: Section, value: str) -> None:
    name, direction, *more = value.split(" ")
    limits = "".join(more)
    if not _RID.fullmatch(name) or direction not in ("send", "recv") or not _LIMITS.fullmatch(limits):
        raise BadSdp("sdp.rid")
    if direction != "send":
        return
    if name in section.rids or len(section.rids) >= MAX_RIDS:
        raise BadSdp("sdp.rid")
    parts = [part for part in limits.split(";") if part]
    types = [item for part in parts if part.startswith("pt=") for item in part[3:].split(",")]
    rest = ";".join(part for part in parts if not part.startswith("pt="))
    section.rids[name] = Rid(tuple(number(item, 127) for item in types), rest)


def _simulcast(section: Section, value: str) -> None:
    words = value.split()
    if len(words) not in (2, 4) or section.simulcast or any(word not in ("send", "recv") for word in words[::2]):
        raise BadSdp("sdp.rid")
    for way, text in zip(words[::2], words[1::2], strict=True):
        streams = [[choice.removeprefix("~") for choice in stream.split(",")] for stream in text.split(";")]
        if sum(len(stream) for stream in streams) > MAX_RIDS:
            raise BadSdp("sdp.rid")
        if not all(_RID.fullmatch(choice) for stream in streams for choice in stream):
            raise BadSdp("sdp.rid")
        if way == "send":
            section.simulcast = streams


def _fingerprint(section: Section, value: str) -> None:
    algorithm, _, text = value.partition(" ")
    text = text.strip().upper()
    if not TOKEN.fullmatch(algorithm) or not _HEX.fullmatch(text) or len(section.fingerprints) >= 8:
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


_FLAGS: Final = {"rtcp-mux": "rtcp_mux", "bundle-only": "bundle_only", "extmap-allow-mixed": "mixed"}
_READERS: Final = {
    "mid": _mid, "rtpmap": _rtpmap, "fmtp": _fmtp, "rtcp-fb": _rtcp_fb, "extmap": _extmap, "ssrc": _ssrc,
    "ssrc-group": _ssrc_group, "rid": _rid, "simulcast": _simulcast, "fingerprint": _fingerprint, "setup": _setup,
    "ice-ufrag": _ufrag, "ice-pwd": _pwd,
}
