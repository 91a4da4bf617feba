"""The offer of a synthetic peer and its reading of the answer (RFC 8866, RFC 8829, RFC 9725).

Pure text. Written apart from the server's own SDP module, so that the two check each other.
Called by media/peers_peer.py.
Sections are made by media/peers_publisher.py and media/peers_subscriber.py; media/recorder.py reads FORMATS.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from media.errors import BadSdp
from media.peers_source import EXTENSIONS, LEVEL_EXTENSION, MID_EXTENSION, Kind

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID_URI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
_URIS = {MID_EXTENSION: MID_URI, LEVEL_EXTENSION: LEVEL_URI, EXTENSIONS["rid"]: RID_URI,
         EXTENSIONS["repaired_rid"]: REPAIRED_RID_URI, EXTENSIONS["send_time"]: SEND_TIME_URI,
         EXTENSIONS["transport"]: TRANSPORT_URI}
PAYLOAD_TYPE: dict[Kind, int] = {"audio": 111, "video": 96}
FORMATS: dict[str, tuple[int, str, str]] = {     # name of the format -> payload type, encoding, parameters
    "OPUS": (111, "opus/48000/2", "minptime=10;useinbandfec=1"),
    "VP8": (96, "VP8/90000", ""),
    "VP9": (98, "VP9/90000", "profile-id=0"),
    **{f"H264/{profile}": (number, "H264/90000", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + level)
       for number, profile, level in ((102, "CB", "42e01f"), (103, "B", "42001f"), (104, "M", "4d001f"),
                                      (105, "CH", "640c1f"), (106, "H", "64001f"))},
}
_USUAL: dict[Kind, tuple[str, ...]] = {"audio": ("OPUS",), "video": ("VP8",)}
_FEEDBACK: dict[Kind, tuple[str, ...]] = {"audio": ("nack",), "video": ("nack", "nack pli", "ccm fir")}


REPAIR_TYPE = {96: 97, 98: 99, 102: 112, 103: 113, 104: 114, 105: 115, 106: 116}   # payload type -> that of its RTX


@dataclass(frozen=True, slots=True)
class Section:
    """One media section of our offer; `ssrc` is None where we only receive, `formats` (of FORMATS) those we can take.

    `rids`: simulcast, best layer first. `rtx`: RFC 4588. `feedback`: any of "goog-remb" and "transport-cc", with the
    header extensions they need.
    """

    mid: str
    kind: Kind
    ssrc: int | None = None
    formats: tuple[str, ...] = ()        # none named: the usual one of its kind
    rids: tuple[str, ...] = ()
    rtx_ssrc: int | None = None          # of a publisher without simulcast
    rtx: bool = False
    feedback: tuple[str, ...] = ()

    @property
    def extensions(self) -> list[int]:
        """Numbers of the header extensions it offers."""
        wanted = [MID_EXTENSION] + [LEVEL_EXTENSION] * (self.kind == "audio")
        wanted += [EXTENSIONS["rid"]] * bool(self.rids) + [EXTENSIONS["repaired_rid"]] * (bool(self.rids) and self.rtx)
        wanted += [EXTENSIONS["send_time"]] * ("goog-remb" in self.feedback)
        return wanted + [EXTENSIONS["transport"]] * ("transport-cc" in self.feedback)


@dataclass(frozen=True, slots=True)
class AnswerSection:
    """What the server said about one of our sections. `ssrc` is the stream it will send there, `rtx_ssrc` its repairs.

    `extensions`: the agreed URIs; `rids`: the simulcast layers it takes; `feedback`: what the formats agree on.
    """

    mid: str
    kind: str
    accepted: bool
    ssrc: int | None
    extensions: frozenset[str] = frozenset()
    rtx_ssrc: int | None = None
    rtx: bool = False
    rids: tuple[str, ...] = ()
    feedback: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is needed to connect: ICE and DTLS of the (bundled) transport, and the sections in our order."""

    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    addresses: tuple[tuple[str, int], ...]
    sections: tuple[AnswerSection, ...]


def make_offer(ufrag: str, password: str, fingerprints: Sequence[tuple[str, str]], sections: Sequence[Section],
               cname: str, setup: str = "actpass") -> str:
    """An offer with one BUNDLE group and rtcp-mux: what a browser sends, as short as the standards allow."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0",
             "a=group:BUNDLE " + " ".join(section.mid for section in sections), "a=msid-semantic: WMS *"]
    transport = ["c=IN IP4 0.0.0.0", f"a=ice-ufrag:{ufrag}", f"a=ice-pwd:{password}", f"a=setup:{setup}"]
    transport += [f"a=fingerprint:{algorithm} {value}" for algorithm, value in fingerprints[:1]]
    for section in sections:
        lines += _offered(section, transport, cname)
    return "\r\n".join(lines) + "\r\n"


def _offered(section: Section, transport: list[str], cname: str) -> list[str]:
    formats = [FORMATS[name] for name in section.formats or _USUAL[section.kind]]
    repairs = {number: REPAIR_TYPE[number] for number, _, _ in formats if section.rtx and number in REPAIR_TYPE}
    numbers = [number for number, _, _ in formats] + list(repairs.values())
    lines = [f"m={section.kind} 9 UDP/TLS/RTP/SAVPF " + " ".join(map(str, numbers)), *transport, f"a=mid:{section.mid}"]
    lines += [f"a=extmap:{number} {_URIS[number]}" for number in section.extensions] + ["a=rtcp-mux"]
    for number, encoding, parameters in formats:
        lines += [f"a=rtpmap:{number} {encoding}", *[f"a=fmtp:{number} {parameters}"] * bool(parameters)]
        lines += [f"a=rtcp-fb:{number} {kind}" for kind in (*_FEEDBACK[section.kind], *section.feedback)]
    for number, repair in repairs.items():
        lines += [f"a=rtpmap:{repair} rtx/90000", f"a=fmtp:{repair} apt={number}"]
    if section.ssrc is None and not section.rids:
        return [*lines, "a=recvonly"]
    lines += ["a=sendonly", f"a=msid:{cname} {cname}-{section.kind}"]
    if section.rids:
        return [*lines, *[f"a=rid:{rid} send" for rid in section.rids], "a=simulcast:send " + ";".join(section.rids)]
    if section.rtx_ssrc is not None:
        lines += [f"a=ssrc-group:FID {section.ssrc} {section.rtx_ssrc}"]
    return [*lines, *[f"a=ssrc:{ssrc} cname:{cname}" for ssrc in (section.ssrc, section.rtx_ssrc) if ssrc is not None]]


def read_answer(text: str) -> Answer:
    """Raises: BadSdp when the answer does not let us connect."""
    session, *blocks = [block.splitlines() for block in text.replace("\r\n", "\n").split("\nm=")]
    sections = tuple(_section(block) for block in blocks)
    attributes = session + [line for block in blocks[:1] for line in block]
    fingerprints = tuple((algorithm, value) for line in attributes if line.startswith("a=fingerprint:")
                         for algorithm, _, value in [line[14:].partition(" ")])
    addresses = tuple(dict.fromkeys(_address(line) for line in attributes if _is_usable(line)))
    if not sections or not fingerprints or not addresses:
        raise BadSdp("answer.transport")
    return Answer(_value(attributes, "a=ice-ufrag:"), _value(attributes, "a=ice-pwd:"), fingerprints, addresses,
                  sections)


def make_answer(offer: str, ufrag: str, password: str, fingerprints: Sequence[tuple[str, str]], feedback: Sequence[str]) -> str:
    """The answer of a receiver to a server that offers: everything with its first format, `feedback` where it is offered.

    Raises: BadSdp.
    """
    _, *blocks = [block.splitlines() for block in offer.replace("\r\n", "\n").split("\nm=")]
    mids = [_value(block, "a=mid:") for block in blocks]
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE " + " ".join(mids), "a=msid-semantic: WMS *"]
    for mid, block in zip(mids, blocks, strict=True):
        kind, _, protocol, number, *_ = [*block[0].split(), "", "", ""]
        ours = {f"a=rtcp-fb:{number} {one}" for one in ("nack", "nack pli", "ccm fir", *feedback)}
        lines += [f"m={kind} 9 {protocol} {number}", "c=IN IP4 0.0.0.0", f"a=mid:{mid}", "a=rtcp-mux", "a=recvonly",
                  f"a=ice-ufrag:{ufrag}", f"a=ice-pwd:{password}", "a=setup:active"]
        lines += [f"a=fingerprint:{algorithm} {value}" for algorithm, value in fingerprints[:1]]
        lines += [line for line in block if line in ours or line.startswith((f"a=rtpmap:{number} ", f"a=fmtp:{number} "))]
    return "\r\n".join(lines) + "\r\n"


def _section(block: list[str]) -> AnswerSection:
    words = block[0].split()
    if len(words) < 4 or not words[1].isdigit():
        raise BadSdp("answer.section")
    ssrc = next((line[7:].partition(" ")[0] for line in block if line.startswith("a=ssrc:")), "")
    agreed = frozenset(line.partition(" ")[2].split(" ")[0] for line in block if line.startswith("a=extmap:"))
    pairs = [line.split(" ")[1:] for line in block if line.startswith("a=ssrc-group:FID ")]
    repair = next((pair[1] for pair in pairs if len(pair) == 2 and pair[0] == ssrc), "")
    simulcast = next((line.split(" ")[1] for line in block if line.startswith("a=simulcast:recv ")), "")
    return AnswerSection(
        _value(block, "a=mid:"), words[0], words[1] != "0" and "a=inactive" not in block, _ssrc(ssrc), agreed, _ssrc(repair),
        any(line.lower().endswith(" rtx/90000") for line in block if line.startswith("a=rtpmap:")),
        tuple(rid.lstrip("~") for rid in simulcast.split(";") if rid),
        frozenset(line.partition(" ")[2] for line in block if line.startswith("a=rtcp-fb:")))


def _ssrc(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= 10 else None


def _is_usable(line: str) -> bool:
    """A UDP host candidate of the RTP component (RFC 8839 §5.1) with an address, not a name."""
    words = line.split()
    return (line.startswith("a=candidate:") and len(words) >= 8 and words[1] == "1" and words[2].lower() == "udp"
            and words[5].isdecimal() and int(words[5]) < 65536 and not words[4].endswith(".local"))


def _address(line: str) -> tuple[str, int]:
    words = line.split()
    return words[4], int(words[5])


def _value(lines: list[str], prefix: str) -> str:
    for line in lines:
        if line.startswith(prefix):
            return line[len(prefix):].strip()
    raise BadSdp("answer.attribute")
