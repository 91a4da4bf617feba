"""What is fuzzed and what must hold.  Each target takes any bytes; it returns what happened and raises only at a defect.

Oracle everywhere: accepted, or a documented error of that parser (BadPacket, BadSdp, MediaError); all else escapes, and what
escapes is a defect (``test_parsers`` sees to it that nothing else is caught here).  Holds no tests.
"""

from __future__ import annotations

import hmac
import zlib
from collections.abc import Callable, Hashable
from pathlib import Path
from struct import pack, unpack_from

from media import demux, descriptor, keyframe, letters, red, rtcp, rtp, stun, twcc, wire
from media.answer import answer_publisher, answer_subscriber
from media.bwe import CEILING, FLOOR, Line
from media.control import decode, encode
from media.errors import BadPacket, BadSdp, MediaError
from media.fragment import answer_fragment, parse_fragment
from media.limits import MAX_DATAGRAM
from media.sdp import parse_offer
from media.tcp import Frames
from tests.fuzz import paper, recording, stateful
from tests.fuzz.engine import Tape, Target, documented
from tests.media.test_sdp import LOCAL, VIDEO, offer

KEY = b"fuzz-password-of-24-byte"
OFFERS = sorted((Path(__file__).resolve().parents[1] / "media" / "offers").glob("*.sdp"))


def datagram_kind(data: bytes) -> Hashable:
    """F1, the first look: what is let through has the shortest length of its protocol."""
    kind = demux.kind(data)
    if kind != demux.NOTHING:
        assert 20 <= len(data) <= MAX_DATAGRAM or (kind == demux.DTLS and len(data) >= 13)
    return kind


def rtp_view(data: bytes) -> Hashable:
    """F2: the payload and every extension lie inside the packet."""
    try:
        view = rtp.RtpView(data)
    except BadPacket as error:
        return documented(error, "rtp.")
    assert 12 <= view.start <= view.end <= len(data) and view.payload == data[view.start : view.end]
    found = [(ident, value) for ident in range(256) if (value := view.extension(ident)) is not None]
    for _, value in found:
        assert value in data and len(value) <= 255
    return view.payload_type, view.start, len(found)


def rtcp_compound(data: bytes) -> Hashable:
    """F3: with and without report blocks; what one datagram may ask for is bounded."""
    for blocks in (True, False):
        try:
            messages = rtcp.parse(data, blocks=blocks)
        except BadPacket as error:
            outcome: Hashable = documented(error, "rtcp.")
        else:
            asked = sum(len(message.seqs) for message in messages if isinstance(message, rtcp.Nack))
            assert asked <= rtcp.MAX_SEQS and len(messages) <= rtcp.MAX_PACKETS
            outcome = tuple(type(message).__name__ for message in messages)
            _agrees(rtcp.brief(data), messages if blocks else None)
    return outcome


def _agrees(short: rtcp.Brief | None, messages: list[rtcp.Message] | None) -> None:
    """The quick way says what the long one does."""
    if short is None or messages is None:
        return
    blocks = [block for message in messages if isinstance(message, rtcp.ReceiverReport) for block in message.blocks]
    assert short.ssrcs == tuple(b.ssrc for b in blocks) and short.fractions == tuple(b.fraction for b in blocks)
    assert short.highest == tuple(b.highest for b in blocks)
    assert [short.remb] == ([m.bitrate for m in messages if isinstance(m, rtcp.Remb)] or [-1])


def _signed(attributes: bytes) -> bytes:
    attributes += bytes(-len(attributes) % 4)
    head = pack("!HHI12s", 1, len(attributes) + 24, 0x2112A442, bytes(12))
    body = head + attributes
    message = body[:2] + pack("!H", len(attributes) + 24) + body[4:]
    message += pack("!HH", 8, 20) + hmac.digest(KEY, message, "sha1")
    message = message[:2] + pack("!H", len(message) - 20 + 8) + message[4:]
    return message + pack("!HHI", 0x8028, 4, zlib.crc32(message) ^ 0x5354554E)


def stun_both_ways(data: bytes) -> Hashable:
    """F4: as it is, and signed by somebody who knows the password; the short way never says more than the library does."""
    outcome: list[Hashable] = []
    for message in (data, _signed(data[:1200])):
        short = stun.authentic(message, KEY)
        assert short is None or _holds(message), "the short way takes what nobody signed"
        try:
            known = wire.read_stun(message)
        except BadPacket as error:
            outcome.append(documented(error, "stun."))
            continue  # it reads values of attributes that no answer needs, and is stricter with them
        good = wire.is_request(known) and wire.is_authentic(known, KEY.decode())
        left, right = wire.username(known)
        named = stun.named(message)
        assert not good or not left.isascii() or named == left or message.count(b"\0\x06") > 1, "a name may be told twice"
        if short is not None:
            assert good and short == wire.nominates(known) and not wire.wants_to_be_controlled(known)
            answer = wire.read_stun(stun.success(message, stun.mapped(b"\x7f\0\0\1", 5000), KEY))
            assert wire.is_response(answer) and wire.is_authentic(answer, KEY.decode())
            assert answer.transaction_id == known.transaction_id
        if good:
            assert wire.is_authentic(wire.read_stun(wire.binding_response(known, ("192.0.2.1", 9), KEY.decode())), KEY.decode())
        outcome.append((short, good, bool(left), bool(right), wire.nominates(known)))
    return tuple(outcome)


def _holds(message: bytes) -> bool:
    """Whether the first signature in it is one, by a reading of our own (RFC 8489 section 14.5)."""
    at = 20
    while at + 4 <= len(message):
        attribute, size = unpack_from("!HH", message, at)
        if attribute == 8:
            signed = message[:2] + pack("!H", at + 4) + message[4:at]
            return message[at + 4 : at + 4 + size] == hmac.digest(KEY, signed, "sha1")
        at += 4 + size + (-size & 3)
    return False


def session_description(data: bytes) -> Hashable:
    """F6: offers of both roles; an answer has the sections of its offer, each of them in its place, and nothing smuggled in."""
    text = data.decode("utf-8", "surrogateescape")
    outcome: list[Hashable] = []
    try:
        parsed = parse_offer(text)
    except BadSdp as error:
        return documented(error, "sdp.")
    number = iter(range(1, 1 << 32))
    answers: list[Callable[[], str]] = [
        lambda: answer_publisher(parsed, LOCAL)[0],
        lambda: answer_subscriber(parsed, LOCAL, lambda: next(number))[0],
    ]
    for make in answers:
        try:
            answer = make()
        except BadSdp as error:
            outcome.append(documented(error, "sdp."))
            continue
        assert answer.endswith("\r\n") and answer.isascii() and answer.replace("\r\n", "").isprintable()
        media = [line.split(" ") for line in answer.split("\r\n") if line.startswith("m=")]
        assert [words[0][2:] for words in media] == [section.kind for section in parsed.sections]
        assert all(int(words[1]) in (0, int(LOCAL.candidates[0].split(" ")[5])) and len(words) > 3 for words in media)
        outcome.append(tuple(words[1] != "0" for words in media))
    return tuple(outcome)


def fragment(data: bytes) -> Hashable:
    """Fragments of WHIP and WHEP, candidates that come later and restarts; the answer to one smuggles nothing in."""
    text, outcome = data.decode("utf-8", "surrogateescape"), []
    for restart in (False, True):
        try:
            told = parse_fragment(text, restart=restart)
        except BadSdp as error:
            outcome.append(documented(error, "sdp."))
            continue
        answer = answer_fragment(told, "frag", "p" * 24, ["1 1 udp 1 192.0.2.1 9 typ host"])
        assert answer.isascii() and answer.replace("\r\n", "").isprintable()
        assert answer.count("\r\nm=") == answer.count("\r\na=ice-ufrag:frag\r\n") == 1 and (told.ufrag or not restart)
        outcome.append(f"{told.kind} {bool(told.ufrag)} {bool(told.mid)} {len(told.bundle)}")
    return tuple(outcome)


def letters_between_workers(data: bytes) -> Hashable:
    """What one worker writes to another: pieces in any order, whatever they say; bounded while they are collected."""
    box, tape, read = letters.Inbox(), Tape(data), 0
    for _kind, version, place, pieces, text in letters.packets(data):
        read += box.take(version, place, pieces, text)[1] is not None
    while tape:
        read += box.take(tape.byte() % 4, tape.byte(), tape.byte(), tape.take(tape.byte()))[1] is not None
        assert len(box._pieces) <= letters.MAX_PIECES
    return min(3, read), len(box._pieces)


def control_line(data: bytes) -> Hashable:
    """F5, the codec: what can be read can be written and is the same again."""
    try:
        message = decode(data)
    except MediaError as error:
        return documented(error, "control.")
    try:
        line = encode(message)
    except MediaError as error:
        return documented(error, "control.")
    assert line.count(b"\n") == 1 and repr(decode(line)) == repr(message)
    return len(message)


def payloads(data: bytes) -> Hashable:
    """Payload descriptors of every codec: a few bytes are read and no length is believed."""
    starts = tuple(keyframe.starts_keyframe(codec, data) for codec in ("VP8", "VP9", "H264/CB", "OPUS"))
    rows = tuple(descriptor.height(codec, data) for codec in ("VP8", "VP9", "H264/CB"))
    assert all(0 <= count < 1 << 16 for count in rows)
    ids, found, primary = descriptor.vp8_ids(data), descriptor.vp9(data), red.strip(data)
    middle, age = len(data) // 2, int.from_bytes(data[:4], "big")
    assert red.strip(red.join(data[:middle], data[middle:], age)) == data[:middle]
    assert primary in data and (ids is None or 0 <= ids.picture < 1 << 15)
    assert found is None or (found.spatial < 8 and len(found.heights) <= 8)
    return starts, tuple(map(bool, rows)), ids is not None, found and (found.spatial, found.begins, len(found.heights)), len(primary) == 0


def arrivals(data: bytes) -> Hashable:
    """Transport-wide feedback as a receiver tells it, judged as the estimator judges it; and our own, read again."""
    try:
        told = twcc.parse(data)
    except BadPacket as error:
        outcome: Hashable = documented(error, "twcc.")
    else:
        assert 0 < len(told.packets) <= twcc.MAX_STATUSES
        line = Line(0.0)
        for number in range(4):
            line.on_feedback(told, lambda at: (at / 1000, 1000) if at & 3 else None, 1.0 + number)
            line.tick(1.0 + number)
        assert FLOOR <= line.estimate <= CEILING
        outcome = sum(at is None for _, at in told.packets) * 8 // len(told.packets), line.delay.usage
    recorder, tape, now = twcc.Recorder(), Tape(data), 1000.0
    while tape:
        recorder.note(tape.word() if tape.byte() > 200 else tape.byte(), now := now + tape.byte() / 500)
        said = recorder.feedback(1, 2, now) if tape.byte() > 230 else None
        if said is not None:
            (message,) = rtcp.parse(said, transport=True)
            assert isinstance(message, rtcp.TransportFeedback) and len(said) < 1500
            assert any(at is not None for _, at in twcc.parse(message.fci).packets)
    assert len(recorder._times) <= 2 * twcc.MAX_STATUSES
    return outcome


def stream(data: bytes) -> Hashable:
    """F1 over TCP: however the bytes are cut, the same datagrams come out, and never more is held than one frame."""
    whole, pieces, cut = Frames(), Frames(), 1 + len(data) % 97
    outcomes: list[Hashable] = []
    for frames, parts in ((whole, [data]), (pieces, [data[at : at + cut] for at in range(0, len(data), cut)])):
        found: list[bytes] = []
        try:
            for part in parts:
                found += frames.feed(part)
                assert len(frames._rest) <= MAX_DATAGRAM + 2
        except BadPacket as error:
            outcomes.append(documented(error, "tcp."))
        else:
            assert all(0 < len(one) <= MAX_DATAGRAM for one in found)
            outcomes.append(tuple(found))
    assert outcomes[0] == outcomes[1] or "tcp.frame" in outcomes
    return outcomes[0] if isinstance(outcomes[0], str) else len(data) and min(9, len(found))


def _reports() -> tuple[bytes, ...]:
    block = rtcp.Block(7, 1, 2, 3, 4, 5, 6)
    sender = rtcp.sender_report(rtcp.SenderReport(1, 1 << 40, 3, 4, 5, (block,)))
    return (
        sender + rtcp.source_description(1, "slot0"), rtcp.receiver_report(1, [block] * 3),
        rtcp.receiver_report(1) + rtcp.nack(1, 2, range(65500, 65560)), rtcp.receiver_report(1) + rtcp.pli(1, 2),
        rtcp.receiver_report(1) + rtcp.fir(1, 2, 3) + rtcp.remb(1, 2_000_000, [7, 8]), rtcp.bye([1, 2, 3]),
        b"\xa1\xc8\x00\x07" + bytes(27) + b"\x04", rtcp.receiver_report(1) * 40,
    )


def _rtp_seeds() -> tuple[bytes, ...]:
    two_byte = b"\x90\x60\x00\x01" + bytes(8) + b"\x10\x00\x00\x02" + b"\x04\x011\x00\x05\x02ab" + b"payload"
    return (
        rtp.build(96, 1, 2, 3, b"\x10\x00key", marker=True), rtp.build(111, 1, 2, 3, b"x", extensions={4: b"1", 1: b"\x85"}),
        two_byte, b"\xb2\x60" + bytes(18) + b"\xbe\xde\x00\x01\x10\x31\x00\x00" + bytes(8) + b"\x04",
        b"\x90\x60\x00\x01" + bytes(8) + b"\x10\x00\x00\x01" + b"\x01\x00\x00\x00" + b"payload",
    )


def _stun_seeds() -> tuple[bytes, ...]:
    request = wire.binding_request("left", "right", KEY.decode())[1]
    return (request, request[20:-32], stun.success(request, stun.mapped(b"\x7f\0\0\1", 5000), KEY),
            pack("!HH", 6, 9) + b"rght:left" + bytes(3) + pack("!HH", 0x25, 0), pack("!HHQ", 0x8029, 8, 1), pack("!HH", 0x8022, 2) + b"\xff\xfe")


_SDP_EXTRA = ["a=rid:h send", "a=rid:l send", "a=simulcast:send h;l", "a=ssrc-group:FID 77 78", "a=ssrc:77 cname:x",
              "a=extmap:5/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level vad=on"]
_PAYLOADS = (b"\x10\x00key", b"\x90\x80\x81\x02\x00", b"\x90\xf0\x81\x02\x03\x20\x00", b"\x67\x42\x00\x0a", b"\x7c\x85\x88",
             b"\x18\x00\x04\x67\x42\x00\x0a\x00\x02\x68\xce", b"\x1c\x85\x00")

_FRAGMENTS = (
    b"a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
    b"a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\na=end-of-candidates\r\n",
    b"a=ice-ufrag:abcd\na=ice-pwd:" + b"x" * 24 + b"\na=end-of-candidates", b"m=video 9 RTP/SAVPF 96\r\na=candidate:1\r\n",
)
_LETTERS = (
    letters.packet(1, 1, 1, 0, 1, zlib.compress(b"[]")),
    letters.packet(1, 2, 7, 0, 2, zlib.compress(b"{}" * 99)[:9]) + letters.packet(1, 2, 7, 1, 2, zlib.compress(b"{}" * 99)[9:]),
    letters.packet(1, 17, 3), bytes((1, 0, 1, 11)) + zlib.compress(b"abc"),
)
_ARRIVALS = (
    b"\x00\x01\x00\x05\x00\x00\x01\x00\x20\x05\x04\x04\x04\x04\x04", b"\x00\x01\x00\x07\x00\x00\x01\x00\xd2\x00\x01\x00\x80\x00\x7f\xff",
    b"\xff\xf0\x00\x0e\xff\xff\xff\xff\xaa\xaa" + bytes(14), b"\x00\x01\x08\x00\x00\x00\x01\x00\x08\x00", bytes(range(200, 256)) * 4,
)
_STORIES = tuple(bytes((number * 37 + at * at) & 0xFF for at in range(300)) for number in range(6)) + (
    b"\x00\x00" + bytes(8), b"\x08\x00" * 30, b"\x06\x03" * 10 + b"\x03\x01" * 20,
)

TARGETS: dict[str, Target] = {target.name: target for target in (
    Target("datagram", datagram_kind, (b"\x16\xfe\xfd" + bytes(40), *_rtp_seeds(), *_stun_seeds()), 2048),
    Target("rtp", rtp_view, _rtp_seeds(), 1500),
    Target("rtcp", rtcp_compound, _reports(), 1500),
    Target("stun", stun_both_ways, _stun_seeds(), 1500),
    Target("sdp", session_description, tuple(path.read_bytes() for path in OFFERS) + tuple(offer(way, _SDP_EXTRA).encode() for way in ("sendonly", "recvonly", "sendrecv"))
           + (offer(extra=VIDEO, tail=["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:2"]).encode(),), 70_000),
    Target("control", control_line, (encode({"v": 1, "id": 1, "op": "policy", "room": "r", "heard": None, "stage": ["A"]}),
                                     encode({"event": "up", "session": "s"}), b'{"a": "\\ud800", "b": 1e999, "c": [[[]]]}'), 4096),
    Target("payload", payloads, _PAYLOADS + stateful.HEADS, 1500),
    Target("fragment", fragment, _FRAGMENTS, 8000),
    Target("letters", letters_between_workers, _LETTERS, 1500),
    Target("frames", recording.frames, recording.PACKETS, 1500, slowest=0.01),
    Target("order", recording.order, recording.STEPS, 1500, slowest=0.01),
    Target("file", recording.file, recording.FILES, 3000),
    Target("paper", paper.paper, paper.SEEDS, 6000, slowest=0.03),
    Target("twcc", arrivals, _ARRIVALS, 1000),
    Target("stream", stream, (b"\x00\x03abc\x00\x00\x00\x01d", b"\x05\xdc" + bytes(1500), b"\x05\xdd", b"\x00\x14" + bytes(20)), 4000),
    Target("hall", stateful.hall, _STORIES, 600, slowest=0.03),
    Target("worker", stateful.worker, (bytes(range(200)), bytes(200), b'{"v":1,"id":1,"op":"stats"}'), 300, slowest=0.02),
)}
