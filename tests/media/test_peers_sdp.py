"""The offer as other readers see it, and answers good and bad."""
import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from media.errors import BadSdp
from media.peers_sdp import TRANSPORT_URI, Section, make_offer, read_answer
from media.sdp import parse_offer

FINGERPRINT = ("sha-256", ":".join(["AB"] * 32))
ANSWER = "\r\n".join([
    "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite", "a=group:BUNDLE 0 1",
    "m=audio 4000 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 10.0.0.1", "a=mid:0", "a=rtcp-mux", "a=ice-ufrag:left",
    "a=ice-pwd:secret", "a=setup:passive", f"a=fingerprint:sha-256 {FINGERPRINT[1]}",
    "a=candidate:1 1 udp 2130706431 10.0.0.1 4000 typ host", "a=candidate:2 1 tcp 9 10.0.0.1 4000 typ host",
    "a=candidate:3 1 udp 2130706175 10.0.0.2 4000 typ host", "a=candidate:4 1 udp 1 abc.local 4000 typ host",
    "a=sendonly", "a=ssrc:77 cname:x", "a=ssrc:77 msid:x y",
    "m=video 0 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=mid:1", "a=inactive", ""])


def publisher_offer() -> str:
    return make_offer("ufrag", "p" * 24, [FINGERPRINT], [Section("0", "audio", 11), Section("1", "video", 22)], "me")


def test_two_other_parsers_read_the_offer_of_a_publisher_the_same_way() -> None:
    ours = parse_offer(publisher_offer())
    theirs = SessionDescription.parse(publisher_offer())
    assert [section.mid for section in ours.sections] == ["0", "1"] == [media.rtp.muxId for media in theirs.media]
    assert [section.direction for section in ours.sections] == ["sendonly"] * 2
    assert [section.ssrcs for section in ours.sections] == [[11], [22]]
    assert [media.ssrc[0].ssrc for media in theirs.media] == [11, 22]
    assert [media.rtp.codecs[0].name.lower() for media in theirs.media] == ["opus", "vp8"]
    assert [media.ice.usernameFragment for media in theirs.media] == ["ufrag"] * 2 == [ours.ufrag] * 2
    assert theirs.group[0].items == ["0", "1"]


def test_simulcast_repairs_and_feedback_are_offered_as_browsers_offer_them() -> None:
    both = ("goog-remb", "transport-cc")
    sections = [Section("0", "audio", 11, feedback=both),
                Section("1", "video", rids=("h", "m", "l"), rtx=True, feedback=both)]
    text = make_offer("ufrag", "p" * 24, [FINGERPRINT], sections, "me")
    lines = text.split("\r\n")
    assert "a=simulcast:send h;m;l" in lines and [line for line in lines if line.startswith("a=rid:")] == [
        "a=rid:h send", "a=rid:m send", "a=rid:l send"]
    assert "a=fmtp:97 apt=96" in lines and "m=video 9 UDP/TLS/RTP/SAVPF 96 97" in lines
    assert lines.count(f"a=extmap:6 {TRANSPORT_URI}") == 2
    video = parse_offer(text).sections[1]
    assert not video.ssrcs and {"transport-cc", "goog-remb"} <= set(video.codecs[96].feedback)
    alone = make_offer("ufrag", "p" * 24, [FINGERPRINT], [Section("1", "video", 22, rtx=True, rtx_ssrc=23)], "me")
    assert "a=ssrc-group:FID 22 23" in alone and parse_offer(alone).sections[0].ssrcs == [22, 23]


def test_what_an_answer_grants_is_read() -> None:
    granted = "\r\n".join([
        f"a=extmap:6 {TRANSPORT_URI}", "a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
        "a=rtcp-fb:96 transport-cc", "a=rid:h recv", "a=simulcast:recv h;~l", "a=ssrc-group:FID 77 78", "a=ssrc:77 cname:x"])
    section = read_answer(ANSWER.replace("a=ssrc:77 cname:x", granted)).sections[0]
    assert (section.ssrc, section.rtx_ssrc, section.rtx, section.rids) == (77, 78, True, ("h", "l"))
    assert section.extensions == {TRANSPORT_URI} and section.feedback == {"transport-cc"}


def test_the_offer_of_a_subscriber_has_one_section_for_each_slot_and_promises_nothing() -> None:
    sections = [Section(str(number), "audio" if number < 3 else "video") for number in range(6)]
    offer = parse_offer(make_offer("ufrag", "p" * 24, [FINGERPRINT], sections, "me"))
    assert [section.kind for section in offer.sections] == ["audio"] * 3 + ["video"] * 3
    assert {section.direction for section in offer.sections} == {"recvonly"}
    assert not any(section.ssrcs for section in offer.sections)


def test_an_answer_gives_transport_and_slots() -> None:
    answer = read_answer(ANSWER)
    assert (answer.ufrag, answer.password, answer.fingerprints) == ("left", "secret", (FINGERPRINT,))
    assert answer.addresses == (("10.0.0.1", 4000), ("10.0.0.2", 4000))
    assert [(section.mid, section.accepted, section.ssrc) for section in answer.sections] == [("0", True, 77),
                                                                                             ("1", False, None)]


@pytest.mark.parametrize("missing", ["a=ice-ufrag:left\r\n", "a=ice-pwd:secret\r\n", "a=mid:1\r\n",
                                     f"a=fingerprint:sha-256 {FINGERPRINT[1]}\r\n"])
def test_an_answer_that_does_not_let_us_connect_is_refused(missing: str) -> None:
    with pytest.raises(BadSdp):
        read_answer(ANSWER.replace(missing, ""))


LINES = st.sampled_from(ANSWER.split("\r\n") + ["a=ssrc:", "m=audio", "a=candidate:", "\x00"])


@given(st.one_of(st.text(), st.lists(LINES).map("\r\n".join)))
def test_whatever_the_answer_is_it_is_read_or_refused(text: str) -> None:
    try:
        read_answer(text)
    except BadSdp:
        return
