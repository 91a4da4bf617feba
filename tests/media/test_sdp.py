"""Offers: real ones are answered, everything else is BadSdp and nothing but BadSdp."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.answer import Local, answer_publisher, answer_subscriber
from media.errors import BadSdp
from media.limits import MAX_SDP, MAX_SECTIONS
from media.sdp import parse_offer

PRINT = "sha-256 " + ":".join(["AB"] * 32)
LOCAL = Local("ufrag123", "p" * 24, ("sha-256", ":".join(["CD"] * 32)), ("192.0.2.1", "198.51.100.1"), 4000, 7)
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
    assert [(track.mid, track.codec, track.payload_type, track.ssrc) for track in tracks] == [
        ("0", "OPUS", 111, None), ("1", "VP8", 96, None)
    ]
    assert not remb
    lines = answer.split("\r\n")
    assert lines.count("a=recvonly") == 2 and lines.count("a=setup:passive") == 2 and "a=ice-lite" in lines
    assert "a=group:BUNDLE 0 1" in lines and lines.count("a=rtcp-mux") == 2 and lines.count("a=end-of-candidates") == 2
    assert sum(line.startswith("a=candidate:") for line in lines) == 4, "every advertised address, in both sections"
    assert {"a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 ccm fir"} <= set(lines)
    assert "transport-cc" not in answer and "rtx" not in answer and "H264" not in answer
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


def test_simulcast_is_answered_without_it_and_its_sources_are_bound_by_mid() -> None:
    extra = ["a=rid:h send", "a=rid:l send", "a=simulcast:send h;l", "a=ssrc:77 cname:x"]
    answer, tracks, _ = answer_publisher(parse_offer(offer(extra=extra)), LOCAL)
    assert "simulcast" not in answer and "rid" not in answer.replace("a=group", "")
    assert tracks[1].ssrc is None


def test_announced_sources_are_bound_first_one_of_a_repair_pair() -> None:
    extra = ["a=ssrc-group:FID 77 78", "a=ssrc:77 cname:x", "a=ssrc:78 cname:x"]
    _, tracks, _ = answer_publisher(parse_offer(offer(extra=extra)), LOCAL)
    assert tracks[1].ssrc == 77


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


def test_the_loudness_of_sound_is_agreed_upward_and_never_downward() -> None:
    text = offer().replace("a=extmap:4", f"a=extmap:1 {LEVEL} vad=on\r\na=extmap:4")
    answer, tracks, _ = answer_publisher(parse_offer(text), LOCAL)
    assert [track.level for track in tracks] == [1, 0] and f"a=extmap:1 {LEVEL}\r\n" in answer
    answer, _ = answer_subscriber(parse_offer(text.replace("sendonly", "recvonly")), LOCAL, numbers)
    assert "extmap" not in answer


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
    (lambda text: text.replace("a=mid:1", "a=mid:0"), "sdp.syntax"),
    (lambda text: text.replace("a=mid:1", "a=mid:1\x00 2"), "sdp.syntax"),
    (lambda text: text.replace("111 0", "111 300"), "sdp.syntax"),
    (lambda text: text.replace("BUNDLE 0 1", "BUNDLE 0 9"), "sdp.syntax"),
])
def test_a_malformed_offer_is_refused_with_a_code(change: object, code: str) -> None:
    with pytest.raises(BadSdp) as refused:
        parse_offer(change(offer()))  # type: ignore[operator]
    assert refused.value.code == code


@pytest.mark.parametrize("text", [
    offer().replace("opus", "G729").replace("VP8", "AV1").replace("packetization-mode=1", "packetization-mode=2"),
    offer("recvonly"), offer("inactive"), offer().replace("a=rtcp-mux", "a=x"),
    offer().replace("m=audio 9", "m=audio 0").replace("m=video 9", "m=video 0"),
])
def test_an_offer_without_anything_to_send_is_refused(text: str) -> None:
    with pytest.raises(BadSdp) as refused:
        answer_publisher(parse_offer(text), LOCAL)
    assert refused.value.code in ("sdp.nothing", "sdp.transport")


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
