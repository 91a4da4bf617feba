"""Offers: real ones are answered, everything else is BadSdp and nothing but BadSdp."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.answer import Local, answer_publisher, answer_subscriber
from media.candidates import candidates
from media.errors import BadSdp
from media.limits import MAX_SDP, MAX_SECTIONS
from media.sdp import Encoding, Extensions, Track, parse_offer
from media.section import EXTENSION_URIS

MID, LEVEL = EXTENSION_URIS["mid"], EXTENSION_URIS["level"]
PRINT = "sha-256 " + ":".join(["AB"] * 32)
LOCAL = Local("ufrag123", "p" * 24, ("sha-256", ":".join(["CD"] * 32)), candidates(["192.0.2.1", "198.51.100.1"], 4000), 7)
HEAD = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-ufrag:abcd", "a=ice-pwd:" + "x" * 24,
        f"a=fingerprint:{PRINT}", "a=setup:actpass"]
OPUS = ["a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1"]
VIDEO = ["a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 ccm fir",
         "a=rtcp-fb:96 transport-cc", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
         "a=rtpmap:98 H264/90000", "a=fmtp:98 packetization-mode=0;profile-level-id=42001f",
         "a=rtpmap:99 H264/90000", "a=fmtp:99 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"]


def offer(direction: str = "sendonly", extra: list[str] | None = None, tail: list[str] | None = None) -> str:
    lines = [*HEAD, "a=group:BUNDLE 0 1", "m=audio 9 UDP/TLS/RTP/SAVPF 111 0", "a=mid:0", f"a={direction}", "a=rtcp-mux",
             *OPUS, "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
             "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99", "a=mid:1", f"a={direction}", "a=rtcp-mux", *VIDEO, *(extra or []),
             *(tail or [])]
    return "\r\n".join(lines) + "\r\n"


def numbers() -> int:
    return random.getrandbits(32)


def test_a_publisher_is_answered_with_what_the_relay_carries() -> None:
    answer, tracks, remb = answer_publisher(parse_offer(offer()), LOCAL)
    assert [(track.mid, track.codec, track.payload_type, track.encodings[0].ssrc) for track in tracks] == [
        ("0", "OPUS", 111, None), ("1", "VP8", 96, None)
    ]
    assert not remb
    lines = answer.split("\r\n")
    assert lines.count("a=recvonly") == 2 and lines.count("a=setup:passive") == 2 and "a=ice-lite" in lines
    assert "a=group:BUNDLE 0 1" in lines and lines.count("a=rtcp-mux") == 2 and lines.count("a=end-of-candidates") == 2
    assert sum(line.startswith("a=candidate:") for line in lines) == 4, "every advertised address, in both sections"
    assert {"a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 ccm fir"} <= set(lines)
    assert {"a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96"} <= set(lines) and tracks[1].rtx == 97 and tracks[0].rtx == 0
    assert "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1;maxaveragebitrate=24000" in lines, "what we want of a voice"
    assert "transport-cc" not in answer, "its numbers were not offered"
    assert tracks[1].feedback == {"nack", "nack pli", "ccm fir"} and "H264" not in answer
    assert "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid" in lines


def test_a_subscriber_gets_slots_with_fixed_sources() -> None:
    answer, slots = answer_subscriber(parse_offer(offer("recvonly")), LOCAL, numbers)
    assert [(slot.mid, slot.kind, slot.payload_types) for slot in slots] == [
        ("0", "audio", {"OPUS": 111}), ("1", "video", {"VP8": 96, "H264/CB": 99})
    ]
    for slot in slots:
        assert f"a=ssrc:{slot.ssrc} cname:{slot.cname}" in answer
    assert slots[0].cname == slots[1].cname == "slot0", "sound and picture of one place belong together"
    assert "a=fmtp:99 level-asymmetry-allowed=1;packetization-mode=1" in answer and "packetization-mode=0" not in answer


def test_h264_alone_is_accepted_in_packetization_mode_one_only() -> None:
    text = offer().replace("96 97 98 99", "98 99")
    _, tracks, _ = answer_publisher(parse_offer(text), LOCAL)
    assert tracks[1].codec == "H264/CB" and tracks[1].payload_type == 99


RID = ["a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
       "a=extmap:6 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"]


def rids(*names: str, limits: str = "") -> list[str]:
    return [*RID, *(f"a=rid:{name} send{limits}" for name in names)]


def simulcast(lines: list[str]) -> tuple[list[str], Track]:
    """What the answer says of rids, and the picture agreed."""
    answer, tracks, _ = answer_publisher(parse_offer(offer(extra=lines)), LOCAL)
    return [line for line in answer.split("\r\n") if line.startswith(("a=rid", "a=simulcast"))], tracks[1]


@pytest.mark.parametrize(("order", "taken"), [
    ("h;m;l", ["h", "m", "l"]), ("l;m;h", ["l", "m", "h"]), ("h;~m;~l", ["h", "m", "l"]), ("x,h;m,l;l", ["h", "m", "l"]),
    ("h;m;l;s", ["h", "m", "l"]), ("h", ["h"]), ("h;h;l", ["h", "l"]), ("x;y", []),
])
def test_layers_are_taken_in_the_order_of_the_offer_and_at_most_three(order: str, taken: list[str]) -> None:
    said, track = simulcast([*rids("h", "m", "l", "s"), f"a=simulcast:send {order}"])
    assert said == [f"a=rid:{rid} recv" for rid in taken] + [f"a=simulcast:recv {';'.join(taken)}"] * bool(taken)
    assert [encoding.rid for encoding in track.encodings] == (taken or [""])
    assert (track.extensions.rid, track.extensions.rrid) == ((5, 6) if taken else (0, 0))


def test_a_rid_for_another_codec_is_left_out_and_limits_are_said_back() -> None:
    lines = [*RID, "a=rid:h send pt=96,98;max-width=1280", "a=rid:m send pt=99", "a=rid:l send max-fps=15",
             "a=rid:in recv", "a=simulcast:send h;m;l recv in"]
    said, track = simulcast(lines)
    assert said == ["a=rid:h recv pt=96;max-width=1280", "a=rid:l recv max-fps=15", "a=simulcast:recv h;l"]
    assert [encoding.rid for encoding in track.encodings] == ["h", "l"]


def test_layers_whose_packets_cannot_say_which_they_are_are_not_taken() -> None:
    said, track = simulcast(["a=rid:h send", "a=rid:l send", "a=simulcast:send h;l", "a=ssrc:77 cname:x"])
    assert not said and track.encodings == (Encoding("", None, None),), "the one picture may come under any of them"


def test_layers_announced_as_a_group_of_sources_are_taken_with_their_repairs() -> None:
    groups = ["a=ssrc-group:SIM 1 2 3", "a=ssrc-group:FID 1 11", "a=ssrc-group:FID 3 13"]
    _, track = simulcast([*groups, *(f"a=ssrc:{ssrc} cname:x" for ssrc in (1, 2, 3, 11, 13))])
    assert track.encodings == (Encoding("0", 1, 11), Encoding("1", 2, None), Encoding("2", 3, 13))


@pytest.mark.parametrize(("extra", "expected"), [
    (["a=ssrc-group:FID 77 78", "a=ssrc:77 cname:x", "a=ssrc:78 cname:x"], Encoding("", 77, 78)),
    (["a=ssrc:78 cname:x", "a=ssrc:77 cname:x", "a=ssrc-group:FID 77 78"], Encoding("", 77, 78)),
    (["a=ssrc:77 cname:x"], Encoding("", 77, None)), ([], Encoding("", None, None)),
])
def test_announced_sources_are_bound_with_their_repairs(extra: list[str], expected: Encoding) -> None:
    _, tracks, _ = answer_publisher(parse_offer(offer(extra=extra)), LOCAL)
    assert tracks[1].encodings == (expected,)


def sound(*lines: str, types: str = "111 0") -> str:
    return offer().replace("SAVPF 111 0", f"SAVPF {types}").replace(OPUS[0], "\r\n".join([OPUS[0], *lines]))


@pytest.mark.parametrize(("types", "fmtp", "taken"), [
    ("63 111", "111/111", 63), ("111 63", "111/111", 0), ("63 111", "111/0", 0), ("63 111", "98/98", 0), ("63 111", "111", 0),
])
def test_redundant_sound_is_taken_where_it_is_the_first_choice(types: str, fmtp: str, taken: int) -> None:
    text = sound("a=rtpmap:63 red/48000/2", f"a=fmtp:63 {fmtp}", types=types)
    answer, tracks, _ = answer_publisher(parse_offer(text), LOCAL)
    assert (tracks[0].codec, tracks[0].payload_type, tracks[0].red) == ("OPUS", 111, taken)
    media = next(line for line in answer.split("\r\n") if line.startswith("m=audio"))
    assert media.endswith(" 63 111" if taken else " 111")
    assert ("a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111" in answer) == bool(taken)
    _, slots = answer_subscriber(parse_offer(text.replace("sendonly", "recvonly")), LOCAL, numbers)
    assert ("RED" in slots[0].payload_types) == (fmtp == "111/111"), "a receiver need not like it best"


@pytest.mark.parametrize(("fmtp", "format_"), [("", "VP9"), ("profile-id=0", "VP9"), ("profile-id=2", None), ("profile-id=1", None)])
def test_vp9_is_carried_in_profile_0_only(fmtp: str, format_: str | None) -> None:
    text = offer().replace("VP8/90000", "VP9/90000").replace("96 97 98 99", "96")
    text += f"a=fmtp:96 {fmtp}\r\n" if fmtp else ""
    _, tracks, _ = answer_publisher(parse_offer(text), LOCAL)
    assert [track.codec for track in tracks] == ["OPUS", *([format_] if format_ else [])]


def test_the_offerer_chooses_the_codec() -> None:
    for order, codec in (("96 97 98 99", "VP8"), ("99 97 96 98", "H264/CB")):
        _, tracks, _ = answer_publisher(parse_offer(offer().replace("96 97 98 99", order)), LOCAL)
        assert tracks[1].codec == codec


def test_a_data_channel_and_a_second_track_of_a_kind_are_refused_each_in_its_own_section() -> None:
    more = ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:2", "a=sendonly", "a=rtcp-mux", *OPUS]
    more += ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:3", "a=sendonly", "a=rtcp-mux", VIDEO[0]]
    more += ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:4", "a=sctp-port:5000"]
    text = offer(tail=more).replace("BUNDLE 0 1", "BUNDLE 0 1 2 3 4")
    answer, tracks, _ = answer_publisher(parse_offer(text), LOCAL)
    assert [track.mid for track in tracks] == ["0", "1"], "what is accepted is forwarded"
    media = [line for line in answer.split("\r\n") if line.startswith("m=")]
    assert [line.split(" ")[1] == "0" for line in media] == [False, False, True, True, True]
    assert "a=group:BUNDLE 0 1\r\n" in answer


LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"


URIS = EXTENSION_URIS | {"orientation": "urn:3gpp:video-orientation"}


def with_extensions(*lines: str, session: str = "") -> str:
    """An offer whose sound section has these ``a=extmap`` values besides mid."""
    text = offer().replace("a=extmap:4 ", "\r\n".join([*(f"a=extmap:{line}" for line in lines), "a=extmap:4 "]), 1)
    return text.replace("t=0 0", f"t=0 0\r\n{session}") if session else text


def both(text: str, transport_wide: bool = False) -> tuple[Extensions, Extensions, str]:
    """What is agreed of sound with a sender, with a receiver, and the receiver's answer."""
    local = replace(LOCAL, transport_wide=transport_wide)
    _, tracks, _ = answer_publisher(parse_offer(text), local)
    answer, slots = answer_subscriber(parse_offer(text.replace("a=sendonly", "a=recvonly")), local, numbers)
    return tracks[0].extensions, slots[0].extensions, answer


def test_extensions_are_agreed_upward_all_and_downward_all_but_names() -> None:
    text = with_extensions(f"1 {URIS['level']} vad=on", f"2 {URIS['abs_send']}", f"3 {URIS['transport_wide']}",
                           f"5 {URIS['capture']}", f"6 {URIS['orientation']}", f"7 {URIS['rid']}")
    up, down, answer = both(text)
    assert up == Extensions(mid=4, level=1, abs_send=2, transport_wide=3, capture=5)
    assert down == Extensions(level=1, abs_send=2, capture=5), "the answer names the source of each slot already"
    assert f"a=extmap:1 {URIS['level']}\r\n" in answer and "orientation" not in answer
    assert both(text, transport_wide=True)[1] == Extensions(level=1, abs_send=2, transport_wide=3, capture=5)


def test_an_extension_goes_only_the_way_the_offerer_gave_it() -> None:
    text = with_extensions(f"1/sendonly {URIS['level']}", f"2/recvonly {URIS['abs_send']}", f"3/inactive {URIS['capture']}")
    up, down, answer = both(text)
    assert (up, down) == (Extensions(mid=4, level=1), Extensions(abs_send=2))
    assert f"a=extmap:2/sendonly {URIS['abs_send']}\r\n" in answer


@pytest.mark.parametrize(("number", "session", "agreed"), [
    (14, "", (14, 14)), (15, "", (0, 0)), (255, "", (0, 0)), (15, "a=extmap-allow-mixed", (15, 0)),
    (255, "a=extmap-allow-mixed", (255, 0)), (256, "a=extmap-allow-mixed", (0, 0)), (4351, "", (0, 0)),
])
def test_high_numbers_need_both_forms_of_extensions(number: int, session: str, agreed: tuple[int, int]) -> None:
    up, down, answer = both(with_extensions(f"{number} {URIS['level']}", session=session))
    assert (up.level, down.level) == agreed, "we ourselves send the short form only"
    assert ("a=extmap-allow-mixed" in answer) == bool(session)


def test_receivers_report_by_transport_wide_numbers_only_where_we_say_so() -> None:
    wide = [f"a=extmap:3 {URIS['transport_wide']}", "a=rtcp-fb:96 goog-remb"]
    text = offer("recvonly", extra=wide)
    for local, kind in ((LOCAL, "goog-remb"), (replace(LOCAL, transport_wide=True), "transport-cc")):
        answer, slots = answer_subscriber(parse_offer(text), local, numbers)
        assert slots[1].feedback == {kind, "nack", "nack pli", "ccm fir"}
        assert [f"a=rtcp-fb:96 {other}" in answer for other in ("goog-remb", "transport-cc")] == [
            kind == "goog-remb", kind == "transport-cc"]
    _, slots = answer_subscriber(parse_offer(offer("recvonly", extra=wide[1:])), replace(LOCAL, transport_wide=True), numbers)
    assert "goog-remb" in slots[1].feedback, "a section without the numbers keeps REMB"


def test_a_slot_has_a_source_of_its_own_for_repairs() -> None:
    answer, slots = answer_subscriber(parse_offer(offer("recvonly")), LOCAL, numbers)
    sound_, picture = slots
    assert sound_.rtx_ssrc == 0 and not sound_.rtx and picture.rtx == {"VP8": 97}
    assert f"a=ssrc-group:FID {picture.ssrc} {picture.rtx_ssrc}\r\n" in answer
    assert f"a=ssrc:{picture.rtx_ssrc} cname:{picture.cname}\r\n" in answer
    assert len({0, sound_.ssrc, picture.ssrc, picture.rtx_ssrc}) == 4


def h264(*profiles: str) -> list[str]:
    """Lines of a section that offers packetization mode 1 in these profiles, from payload type 98 on."""
    return [line for number, profile in enumerate(profiles, 98) for line in (
        f"a=rtpmap:{number} H264/90000", f"a=fmtp:{number} packetization-mode=1;profile-level-id={profile}")]


def with_h264(direction: str, *profiles: str) -> str:
    types = " ".join(str(number) for number in range(98, 98 + len(profiles)))
    text = offer(direction).replace("96 97 98 99", types)
    for line in VIDEO:
        text = text.replace(line + "\r\n", "")
    return text + "\r\n".join(h264(*profiles)) + "\r\n"


@pytest.mark.parametrize(("sent", "received", "payload_type"), [
    ("42e01f", ["42001f", "42e01f"], 99), ("42e01f", ["42001f"], 98), ("42e01f", ["4d001f"], 98), ("42e01f", ["64001f"], 98),
    ("640c1f", ["42e01f", "64001f"], 99), ("64001f", ["42e01f", "4d001f"], None), ("42001f", ["42e01f"], None),
    ("4d001f", ["4d0028"], 98), ("42c01f", ["42e034"], 98),
])
def test_h264_goes_out_under_a_payload_type_whose_decoder_can_take_it_or_not_at_all(
    sent: str, received: list[str], payload_type: int | None
) -> None:
    _, tracks, _ = answer_publisher(parse_offer(with_h264("sendonly", sent)), LOCAL)
    _, slots = answer_subscriber(parse_offer(with_h264("recvonly", *received)), LOCAL, numbers)
    assert slots[1].payload_types.get(tracks[1].codec) == payload_type


def test_a_publisher_of_several_profiles_sends_the_one_that_everybody_decodes() -> None:
    answer, tracks, _ = answer_publisher(parse_offer(with_h264("sendonly", "64001f", "42001f", "42e01f", "f4001f")), LOCAL)
    assert (tracks[1].codec, tracks[1].payload_type) == ("H264/CB", 100) and "profile-level-id=64" not in answer


@pytest.mark.parametrize(("change", "code"), [
    (lambda text: "", "sdp.syntax"),
    (lambda text: "hello", "sdp.syntax"),
    (lambda text: text.replace("v=0", "v=1", 1), "sdp.syntax"),
    (lambda text: text + "x" * (1 << 20), "sdp.size"),
    (lambda text: "é" * (MAX_SDP - 10), "sdp.size"),
    (lambda text: text + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" * MAX_SECTIONS, "sdp.sections"),
    (lambda text: text.split("m=audio")[0], "sdp.sections"),
    (lambda text: text.replace(f"a=fingerprint:{PRINT}\r\n", ""), "sdp.fingerprint"),
    (lambda text: text.replace(PRINT, "sha-256 AB:CD"), "sdp.fingerprint"),
    (lambda text: text.replace(PRINT, "md5 " + ":".join(["AB"] * 16)), "sdp.fingerprint"),
    (lambda text: text.replace("a=ice-ufrag:abcd\r\n", ""), "sdp.transport"),
    (lambda text: text.replace("x" * 24, "short"), "sdp.transport"),
    (lambda text: text.replace("actpass", "passive"), "sdp.transport"),
    (lambda text: text.replace("a=mid:1", "a=mid:0"), "sdp.mid"),
    (lambda text: text.replace("a=mid:1", "a=mid:1\x00 2"), "sdp.syntax"),
    (lambda text: text.replace("111 0", "111 300"), "sdp.syntax"),
    (lambda text: text.replace("BUNDLE 0 1", "BUNDLE 0 9"), "sdp.bundle"),
    (lambda text: text.replace("111 0", "111 111"), "sdp.payload"),
    (lambda text: text.replace(OPUS[0], OPUS[0] + "\r\na=rtpmap:96 opus/48000/2").replace("111 0", "111 96"), "sdp.payload"),
    (lambda text: text + "a=rtpmap:96 VP9/90000\r\n", "sdp.payload"),
    (lambda text: text + f"a=extmap:4 {LEVEL}\r\n", "sdp.extension"),
    (lambda text: text + f"a=extmap:7 {LEVEL}\r\na=extmap:7 {MID}\r\n", "sdp.extension"),
    (lambda text: text + f"a=extmap:7/sideways {MID}\r\n", "sdp.extension"),
    (lambda text: text + f"a=extmap:5000 {MID}\r\n", "sdp.syntax"),
    (lambda text: text.replace(OPUS[0], OPUS[0] + "\r\na=ssrc:7 cname:x") + "a=ssrc:7 cname:x\r\n", "sdp.ssrc"),
    (lambda text: text.replace(OPUS[0], OPUS[0] + "\r\na=ssrc:7 cname:x") + "a=ssrc-group:FID 8 7\r\n", "sdp.ssrc"),
    (lambda text: text + "a=ssrc-group:FID 8 8\r\n", "sdp.ssrc"),
    (lambda text: text + "".join(f"a=ssrc:{n} cname:x\r\n" for n in range(17)), "sdp.ssrc"),
    (lambda text: text + "a=ssrc-group:SIM " + " ".join(map(str, range(17))) + "\r\n", "sdp.ssrc"),
    (lambda text: text + "a=ssrc:4294967296 cname:x\r\n", "sdp.syntax"),
    (lambda text: text + "".join(f"a=rid:{n} send\r\n" for n in range(17)), "sdp.rid"),
    (lambda text: text + "a=rid:h send\r\na=rid:h send\r\n", "sdp.rid"),
    (lambda text: text + "a=rid:h sideways\r\n", "sdp.rid"),
    (lambda text: text + "a=rid:h/../ send\r\n", "sdp.rid"),
    (lambda text: text + "a=rid:h send pt=300\r\n", "sdp.syntax"),
    (lambda text: text + "a=simulcast:send " + ";".join(map(str, range(17))) + "\r\n", "sdp.rid"),
    (lambda text: text + "a=simulcast:send h;;l\r\n", "sdp.rid"),
    (lambda text: text + "a=simulcast:h;l\r\n", "sdp.rid"),
])
def test_a_malformed_offer_is_refused_with_a_code(change: object, code: str) -> None:
    with pytest.raises(BadSdp) as refused:
        parse_offer(change(offer()))  # type: ignore[operator]
    assert refused.value.code == code


@pytest.mark.parametrize(("text", "code"), [
    (offer().replace("opus", "G729").replace("VP8", "AV1").replace("packetization-mode=1", "packetization-mode=2"), "sdp.nothing"),
    (offer("recvonly"), "sdp.direction"), (offer("inactive"), "sdp.direction"),
    (offer().replace("a=rtcp-mux", "a=x"), "sdp.nothing"),
    (offer().replace("m=audio 9", "m=audio 0").replace("m=video 9", "m=video 0"), "sdp.nothing"),
    (offer().replace("SAVPF 111 0", "SAVPF 72").replace(":111 ", ":72 ").replace("96 97 98 99", "97"), "sdp.nothing"),
])
def test_an_offer_without_anything_to_send_is_refused(text: str, code: str) -> None:
    with pytest.raises(BadSdp) as refused:
        answer_publisher(parse_offer(text), LOCAL)
    assert refused.value.code == code


def test_conflicting_fingerprints_are_all_kept_for_the_handshake_to_judge() -> None:
    other = "sha-256 " + ":".join(["EF"] * 32)
    parsed = parse_offer(offer(extra=[f"a=fingerprint:{other}"]))
    assert len(parsed.fingerprints) == 2


@given(st.text(max_size=400))
def test_any_text_is_an_offer_or_bad_sdp(text: str) -> None:
    try:
        parse_offer(text)
    except BadSdp:
        pass


@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_any_mutation_of_a_real_offer_is_answered_or_bad_sdp(chance: random.Random, count: int) -> None:
    text = list(offer(chance.choice(["sendonly", "recvonly", "sendrecv"])))
    for _ in range(count):
        at = chance.randrange(len(text))
        match chance.randrange(4):
            case 0:
                text[at] = chr(chance.choice([0, 10, 13, 32, 45, 47, 48, 57, 58, 255, 0x661, 0x1F600]))
            case 1:
                del text[at : at + chance.randrange(60)]
            case 2:
                text[at:at] = text[chance.randrange(len(text)) :][: chance.randrange(80)]
            case _:
                text[at:at] = list("9" * chance.randrange(30))
        text = text or ["v"]
    for answer in (lambda o: answer_publisher(o, LOCAL), lambda o: answer_subscriber(o, LOCAL, numbers)):
        try:
            result = answer(parse_offer("".join(text)))[0]
        except BadSdp:
            continue
        assert "\n" not in result.replace("\r\n", ""), "nothing of an offer may start a line of the answer"
        assert all(line[1:2] == "=" for line in result.split("\r\n") if line)
