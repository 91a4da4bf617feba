"""Answers offers: WHIP publishers send to us, WHEP subscribers get slots with fixed SSRCs (RFC 9725, RFC 9429).

Pure; the same offer and arguments give the same text.  What we cannot carry (data channels, unknown codecs, a second sound
or picture of one publisher) is refused politely with port 0 in its own section; simulcast is answered without, so that the
browser sends one picture.  Header extensions: ``mid`` and the loudness of publishers; to receivers none are sent.  Called by
``media/worker.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from media.errors import BadSdp
from media.formats import carried, payload_types, to_send
from media.sdp import LEVEL_URI, MID_URI, Codec, Encoding, Extensions, Fingerprint, Offer, Section, Slot, Track

_FEEDBACK_UP: Final = ("nack", "nack pli", "ccm fir", "goog-remb")
_FEEDBACK_DOWN: Final = ("nack", "nack pli", "ccm fir")


@dataclass(frozen=True, slots=True)
class Local:
    """Our side of the one transport: ICE-lite credentials, DTLS fingerprint, advertised addresses and the port."""

    ufrag: str
    pwd: str
    fingerprint: Fingerprint
    addresses: Sequence[str]
    port: int
    origin: int  # a number that differs between sessions


def answer_publisher(offer: Offer, local: Local) -> tuple[str, list[Track], bool]:
    """(answer, agreed tracks, whether REMB was agreed).  Raises: BadSdp ``sdp.nothing``: no track we can carry."""
    tracks: list[Track] = []
    bodies: list[tuple[Section, list[str] | None]] = []
    remb = False
    for section in offer.sections:
        offered = _offered(section, offer)
        sending = section.direction in ("sendrecv", "sendonly")
        if not offered or (sending and section.kind in [track.kind for track in tracks]):
            bodies.append((section, None))
            continue
        name, codec = to_send(offered)
        body = _codec_lines([codec], _FEEDBACK_UP) + ["a=recvonly" if sending else "a=inactive"]
        wanted = (MID_URI, LEVEL_URI) if section.kind == "audio" else (MID_URI,)
        body += [f"a=extmap:{section.extensions[uri]} {uri}" for uri in wanted if uri in section.extensions]
        bodies.append((section, body))
        if sending:
            tracks.append(_track(section, name, codec))
            remb = remb or "goog-remb" in codec.feedback
    if not tracks:
        raise BadSdp("sdp.nothing")
    return _text(offer, bodies, local), tracks, remb


def _track(section: Section, name: str, codec: Codec) -> Track:
    # With simulcast or retransmission several SSRCs may be announced; the first is the track's own.
    ssrc = section.ssrcs[0] if section.ssrcs and not section.simulcast else None
    side: Literal["audio", "video"] = "audio" if section.kind == "audio" else "video"
    level = section.extensions.get(LEVEL_URI, 0) if side == "audio" else 0
    agreed = Extensions(mid=section.extensions.get(MID_URI, 0), level=level)
    feedback = frozenset(kind for kind in _FEEDBACK_UP if kind in codec.feedback)
    return Track(
        section.mid, side, name, codec.payload_type, codec.clock, (Encoding("", ssrc),), extensions=agreed, feedback=feedback
    )


def answer_subscriber(offer: Offer, local: Local, draw: Callable[[], int]) -> tuple[str, list[Slot]]:
    """(answer, slots).  ``draw()`` gives random 32-bit numbers for SSRCs.  Raises: BadSdp ``sdp.nothing``."""
    slots: list[Slot] = []
    bodies: list[tuple[Section, list[str] | None]] = []
    taken: set[int] = {0}
    counts = {"audio": 0, "video": 0}
    for section in offer.sections:
        offered = _offered(section, offer)
        receiving = section.direction in ("sendrecv", "recvonly")
        if not offered:
            bodies.append((section, None))
            continue
        body = _codec_lines(list(offered.values()), _FEEDBACK_DOWN) + ["a=sendonly" if receiving else "a=inactive"]
        if receiving:
            while (ssrc := draw()) in taken:
                continue
            taken.add(ssrc)
            # The n-th sound and the n-th picture are one stream: usually one person, played in step.
            stream = f"slot{counts[section.kind]}"
            counts[section.kind] += 1
            track = f"{stream}-{section.kind}"
            kind = "audio" if section.kind == "audio" else "video"
            slots.append(Slot(section.mid, kind, ssrc, payload_types(offered), stream))
            body += [f"a=msid:{stream} {track}", f"a=ssrc:{ssrc} cname:{stream}", f"a=ssrc:{ssrc} msid:{stream} {track}"]
        bodies.append((section, body))
    if not slots:
        raise BadSdp("sdp.nothing")
    return _text(offer, bodies, local), slots


def _offered(section: Section, offer: Offer) -> dict[str, Codec]:
    """The formats of a section that can be ours; none when it stands outside the one transport."""
    joins = section.is_media and section.mid in offer.bundle and section.rtcp_mux
    return carried(section.kind, section.codecs.values()) if joins else {}


def _codec_lines(codecs: list[Codec], feedback: Sequence[str]) -> list[str]:
    lines = []
    for codec in codecs:
        name = "opus/48000/2" if codec.name == "OPUS" else f"{codec.name}/{codec.clock}"
        lines.append(f"a=rtpmap:{codec.payload_type} {name}")
        if codec.fmtp:
            lines.append(f"a=fmtp:{codec.payload_type} {codec.fmtp}")
        lines += [f"a=rtcp-fb:{codec.payload_type} {kind}" for kind in feedback if kind in codec.feedback]
    return lines


def _text(offer: Offer, bodies: list[tuple[Section, list[str] | None]], local: Local) -> str:
    accepted = [section.mid for section, body in bodies if body is not None]
    lines = [
        "v=0", f"o=- {local.origin} 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite",
        "a=group:BUNDLE " + " ".join(accepted), "a=msid-semantic:WMS *",
    ]
    for section, body in bodies:
        if body is None:
            lines += [f"m={section.kind} 0 {section.protocol} {section.formats[0]}", "c=IN IP4 0.0.0.0"]
            lines += [f"a=mid:{section.mid}"] * bool(section.mid)
            # RFC 9429 wants no transport in a refused section, but common clients insist on finding one.
            lines += ["a=rtcp-mux", "a=inactive"] if section.kind != "application" else []
            lines += _transport(local)[:4]
            continue
        formats = " ".join(line.split(" ")[0].partition(":")[2] for line in body if line.startswith("a=rtpmap:"))
        lines += [f"m={section.kind} {local.port} {section.protocol} {formats}", f"c=IN IP4 {local.addresses[0]}"]
        lines += [f"a=mid:{section.mid}", "a=rtcp-mux", *_transport(local), *body]
    return "\r\n".join(lines) + "\r\n"


def _transport(local: Local) -> list[str]:
    lines = [f"a=ice-ufrag:{local.ufrag}", f"a=ice-pwd:{local.pwd}", "a=setup:passive"]
    lines.append(f"a=fingerprint:{local.fingerprint[0]} {local.fingerprint[1]}")
    for index, address in enumerate(local.addresses):
        priority = 126 << 24 | (65535 - index) << 8 | 255  # RFC 8445 section 5.1.2.1, host candidates
        lines.append(f"a=candidate:{index + 1} 1 udp {priority} {address} {local.port} typ host")
    return [*lines, "a=end-of-candidates"]
