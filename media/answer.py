"""Answers offers: WHIP publishers send to us, WHEP subscribers get slots with fixed SSRCs (RFC 9725, RFC 9429).

Pure; the same offer and arguments give the same text.  What we cannot carry (data channels, unknown codecs, a second sound
or picture of one publisher, a fourth layer of a picture) is refused politely: port 0 in its own section, or left out.  To
receivers no ``mid`` is sent in packets: the SSRCs of their slots stand in the answer.  Called by ``media/sfu.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from media.errors import BadSdp
from media.formats import carried, payload_types, repairs, to_send
from media.limits import MAX_LAYERS
from media.sdp import Encoding, Extensions, Kind, Offer, Slot, Track
from media.section import EXTENSION_URIS, Codec, Fingerprint, Section

_FEEDBACK: Final = ("transport-cc", "goog-remb", "nack", "nack pli", "ccm fir")
_UP: Final = {
    "audio": ("mid", "level", "abs_send", "transport_wide", "capture"),
    "video": ("mid", "rid", "rrid", "abs_send", "transport_wide", "capture"),
}
_DOWN: Final = {
    "audio": ("level", "abs_send", "transport_wide", "capture"),
    "video": ("abs_send", "transport_wide", "capture"),
}
# What we want of a voice: repair and silence in the stream itself, and no more than a weak line carries beside nothing else.
_OPUS_UP: Final = "minptime=10;useinbandfec=1;usedtx=1;maxaveragebitrate=24000"


@dataclass(frozen=True, slots=True)
class Local:
    """Our side of the one transport: ICE-lite credentials, DTLS fingerprint, ``a=candidate`` values (the first is the default).

    ``origin`` differs between sessions.  ``transport_wide``: receivers shall report by transport-wide numbers, otherwise by
    REMB.
    """

    ufrag: str
    pwd: str
    fingerprint: Fingerprint
    candidates: Sequence[str]
    origin: int
    transport_wide: bool = False


_Body = tuple[Section, list[str] | None]


def answer_publisher(offer: Offer, local: Local) -> tuple[str, list[Track], bool]:
    """(answer, agreed tracks, whether REMB was agreed).

    Raises: BadSdp ``sdp.nothing``: no format we can carry; ``sdp.direction``: nothing is sent to us.
    """
    tracks: list[Track] = []
    bodies: list[_Body] = []
    for section in offer.sections:
        offered = _offered(section, offer)
        if not offered or (section.sends and section.kind in [track.kind for track in tracks]):
            bodies.append((section, None))
            continue
        track, lines = _agree(section, offered, offer)
        bodies.append((section, lines))
        if section.sends:
            tracks.append(track)
    _check(bodies, tracks)
    return _text(offer, bodies, local), tracks, any("goog-remb" in track.feedback for track in tracks)


def _agree(section: Section, offered: dict[str, Codec], offer: Offer) -> tuple[Track, list[str]]:
    """One section of a publisher: what is agreed, and the lines that say so."""
    name, codec = to_send(offered)
    rtx = repairs(section.codecs.values()).get(codec.payload_type)
    first = next(iter(section.codecs.values()))
    red = first if offered.get("RED") is first else None
    layers = _layers(section, codec)
    extensions = _extensions(section, offer, set(_UP[section.kind]), "recvonly")
    if not extensions.rid or not layers:
        layers = []
        extensions = extensions._replace(rid=0, rrid=0)
    if rtx is None:
        extensions = extensions._replace(rrid=0)
    feedback = _feedback(codec, extensions)
    kind: Kind = "audio" if section.kind == "audio" else "video"
    track = Track(
        section.mid, kind, name, codec.payload_type, codec.clock, _encodings(section, layers),
        rtx.payload_type if rtx else 0, red.payload_type if red else 0, extensions, frozenset(feedback),
    )
    lines = _codec_lines(red, ()) if red else []
    lines += _codec_lines(codec, feedback, _OPUS_UP if name == "OPUS" else _without_sprop(codec.fmtp))
    lines += _codec_lines(rtx, ()) if rtx else []
    lines += ["a=recvonly" if section.sends else "a=inactive", *_extension_lines(section, offer, extensions, "recvonly")]
    for rid in layers:
        limits = [f"pt={codec.payload_type}"] * bool(section.rids[rid].types) + [section.rids[rid].limits]
        lines.append(f"a=rid:{rid} recv {';'.join(item for item in limits if item)}".rstrip())
    return track, lines + [f"a=simulcast:recv {';'.join(layers)}"] * bool(layers)


def _without_sprop(parameters: str) -> str:
    """What is said of the sender's own stream alone is not for the answer (RFC 6184 section 8.2.2)."""
    return ";".join(part for part in parameters.split(";") if not part.strip().startswith("sprop-"))


def _layers(section: Section, codec: Codec) -> list[str]:
    """The rids we take, in the offer's order: of alternatives the first that is declared and may carry this codec."""
    found: list[str] = []
    for choices in section.simulcast:
        for rid in choices:
            declared = section.rids.get(rid)
            if declared is not None and (not declared.types or codec.payload_type in declared.types) and rid not in found:
                found.append(rid)
                break
    return found[:MAX_LAYERS]


def _encodings(section: Section, layers: list[str]) -> tuple[Encoding, ...]:
    """Layers by rid tell theirs in their packets; otherwise announced SSRCs count (RFC 5576 groups)."""
    if layers:
        return tuple(Encoding(rid) for rid in layers)
    repaired = {members[0]: members[1] for meaning, members in section.groups if meaning == "FID" and len(members) == 2}
    together = next((members for meaning, members in section.groups if meaning == "SIM" and len(members) > 1), ())
    if together:
        chosen = enumerate(together[:MAX_LAYERS])
        return tuple(Encoding(str(place), ssrc, repaired.get(ssrc)) for place, ssrc in chosen)
    if section.simulcast:  # the browser sends one picture now, under which of its SSRCs it does not say
        return (Encoding(),)
    ssrc = next((ssrc for ssrc in section.ssrcs if ssrc not in repaired.values()), None)
    return (Encoding("", ssrc, repaired.get(ssrc) if ssrc is not None else None),)


def answer_subscriber(offer: Offer, local: Local, draw: Callable[[], int]) -> tuple[str, list[Slot]]:
    """(answer, slots).  ``draw()`` gives random 32-bit numbers for SSRCs.  Raises: BadSdp as ``answer_publisher``."""
    slots: list[Slot] = []
    bodies: list[_Body] = []
    taken: set[int] = {0}
    for section in offer.sections:
        offered = _offered(section, offer)
        if not offered:
            bodies.append((section, None))
            continue
        place = sum(slot.kind == section.kind for slot in slots)
        slot, lines = _slot(section, offered, offer, local, lambda: _fresh(draw, taken), place)
        bodies.append((section, lines))
        if section.receives:
            slots.append(slot)
    _check(bodies, slots)
    return _text(offer, bodies, local), slots


def _slot(
    section: Section, offered: dict[str, Codec], offer: Offer, local: Local, draw: Callable[[], int], place: int
) -> tuple[Slot, list[str]]:
    """One section of a receiver, the ``place``-th of its kind."""
    words = set(_DOWN[section.kind]) - ({"transport_wide"} if not local.transport_wide else set())
    extensions = _extensions(section, offer, words, "sendonly")
    mending = repairs(section.codecs.values())
    types = payload_types(offered)
    rtx = {name: mending[number].payload_type for name, number in types.items() if number in mending}
    used = {codec.payload_type for codec in offered.values()} | set(rtx.values())
    lines, said = [], set[str]()
    for codec in section.codecs.values():
        if codec.payload_type in used:
            feedback = _feedback(codec, extensions) if codec.name not in ("RTX", "RED") else []
            feedback = [item for item in feedback if item != "goog-remb" or not extensions.transport_wide]
            lines += _codec_lines(codec, feedback)
            said.update(feedback)
    lines += ["a=sendonly" if section.receives else "a=inactive", *_extension_lines(section, offer, extensions, "sendonly")]
    # The n-th sound and the n-th picture are one stream: usually one person, played in step.
    stream = f"slot{place}"
    kind: Kind = "audio" if section.kind == "audio" else "video"
    ssrc = draw() if section.receives else 0
    again = draw() if section.receives and rtx else 0
    slot = Slot(section.mid, kind, ssrc, types, stream, again, rtx, extensions, frozenset(said))
    if section.receives:
        track = f"{stream}-{kind}"
        lines += [f"a=msid:{stream} {track}"] + [f"a=ssrc-group:FID {ssrc} {again}"] * bool(again)
        for number in (ssrc, again) if again else (ssrc,):
            lines += [f"a=ssrc:{number} cname:{stream}", f"a=ssrc:{number} msid:{stream} {track}"]
    return slot, lines


def _fresh(draw: Callable[[], int], taken: set[int]) -> int:
    while (ssrc := draw()) in taken:
        continue
    taken.add(ssrc)
    return ssrc


# -- what is common -----------------------------------------------------------------------------------------------------


def _check(bodies: list[_Body], found: Sequence[object]) -> None:
    if not found:
        raise BadSdp("sdp.direction" if any(lines is not None for _, lines in bodies) else "sdp.nothing")


def _offered(section: Section, offer: Offer) -> dict[str, Codec]:
    """The formats of a section that can be ours; none when it stands outside the one transport."""
    joins = section.is_media and section.mid in offer.bundle and section.rtcp_mux
    return carried(section.kind, section.codecs.values()) if joins else {}


def _extensions(section: Section, offer: Offer, words: set[str], ours: str) -> Extensions:
    """What both sides know of ``words`` where ``ours`` is our direction.  We send one-byte headers only (RFC 8285)."""
    most = 255 if ours == "recvonly" and (offer.mixed or section.mixed) else 14
    opposite = "sendonly" if ours == "recvonly" else "recvonly"
    found = {
        name: number for name, (number, direction) in section.extensions.items()
        if name in words and number <= most and direction in ("", "sendrecv", opposite)
    }
    return Extensions(**found)


def _extension_lines(section: Section, offer: Offer, agreed: Extensions, ours: str) -> list[str]:
    lines = ["a=extmap-allow-mixed"] if section.mixed and not offer.mixed else []
    for name, number in agreed._asdict().items():
        if number:
            said = f"/{ours}" if section.extensions[name][1] else ""
            lines.append(f"a=extmap:{number}{said} {EXTENSION_URIS[name]}")
    return lines


def _feedback(codec: Codec, extensions: Extensions) -> list[str]:
    """What was offered of ours; transport-wide reports only where packets carry the numbers."""
    kinds = _FEEDBACK if extensions.transport_wide else _FEEDBACK[1:]
    return [kind for kind in kinds if kind in codec.feedback]


def _codec_lines(codec: Codec, feedback: Sequence[str], parameters: str | None = None) -> list[str]:
    name = codec.name.lower() if codec.name in ("OPUS", "RTX", "RED") else codec.name
    channels = "/2" if codec.clock == 48000 and codec.name != "RTX" else ""  # of Opus and what carries it (RFC 7587 section 7)
    lines = [f"a=rtpmap:{codec.payload_type} {name}/{codec.clock}{channels}"]
    parameters = codec.fmtp if parameters is None else parameters
    lines += [f"a=fmtp:{codec.payload_type} {parameters}"] * bool(parameters)
    return lines + [f"a=rtcp-fb:{codec.payload_type} {kind}" for kind in feedback]


def _text(offer: Offer, bodies: list[_Body], local: Local) -> str:
    accepted = [section.mid for section, body in bodies if body is not None]
    lines = [
        "v=0", f"o=- {local.origin} 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite", "a=ice-options:trickle ice2",
        "a=group:BUNDLE " + " ".join(accepted), *["a=extmap-allow-mixed"] * offer.mixed, "a=msid-semantic:WMS *",
    ]
    address, port = local.candidates[0].split(" ")[4:6]
    family = "IP6" if ":" in address else "IP4"
    for section, body in bodies:
        if body is None:
            lines += [f"m={section.kind} 0 {section.protocol} {section.formats[0]}", "c=IN IP4 0.0.0.0"]
            lines += [f"a=mid:{section.mid}"] * bool(section.mid)
            # RFC 9429 wants no transport in a refused section, but common clients insist on finding one.
            lines += ["a=rtcp-mux", "a=inactive"] if section.kind != "application" else []
            lines += _transport(local)
            continue
        formats = " ".join(line.split(" ")[0].partition(":")[2] for line in body if line.startswith("a=rtpmap:"))
        lines += [f"m={section.kind} {port} {section.protocol} {formats}", f"c=IN {family} {address}"]
        lines += [f"a=mid:{section.mid}", "a=rtcp-mux", *_transport(local)]
        lines += [*(f"a=candidate:{candidate}" for candidate in local.candidates), "a=end-of-candidates", *body]
    return "\r\n".join(lines) + "\r\n"


def _transport(local: Local) -> list[str]:
    algorithm, value = local.fingerprint
    return [
        f"a=ice-ufrag:{local.ufrag}", f"a=ice-pwd:{local.pwd}", "a=setup:passive", f"a=fingerprint:{algorithm} {value}",
    ]
