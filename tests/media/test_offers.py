"""Offers as real programs wrote them (``offers/``; addresses replaced) and what is agreed with each.

Chromium, Firefox and GStreamer wrote theirs here.  Those named obs are composed after what the source of OBS and of its
library says; the library itself (0.22) was seen to write the same lines, but those of formats' parameters.
"""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from media.answer import Local, answer_publisher, answer_subscriber
from media.candidates import candidates
from media.errors import BadSdp
from media.sdp import Encoding, Extensions, Slot, Track, parse_offer

FOLDER = Path(__file__).parent / "offers"
LOCAL = Local("ufrag123", "p" * 24, ("sha-256", ":".join(["CD"] * 32)), candidates(["192.0.2.1"], 4000), 7)
FEEDBACK = frozenset({"transport-cc", "goog-remb", "nack", "nack pli", "ccm fir"})
LAYERS = (Encoding("h"), Encoding("m"), Encoding("l"))


def read(name: str) -> str:
    return (FOLDER / f"{name}.sdp").read_text(encoding="ascii").replace("\n", "\r\n")


def publisher(name: str) -> tuple[list[str], Track, Track]:
    """Lines of the answer, sound, picture."""
    answer, tracks, _ = answer_publisher(parse_offer(read(name)), LOCAL)
    assert [track.kind for track in tracks] == ["audio", "video"]
    return answer.split("\r\n"), *tracks


def subscriber(name: str) -> tuple[str, list[Slot]]:
    draw = itertools.count(1000)
    return answer_subscriber(parse_offer(read(name)), LOCAL, lambda: next(draw))


@pytest.mark.parametrize(("name", "sound", "picture"), [
    ("chromium-156-publish-plain", 111, ("VP8", 96, 97)), ("chromium-156-publish-data", 111, ("VP8", 96, 97)),
    ("chromium-156-publish-simulcast", 111, ("VP8", 96, 97)), ("chromium-156-publish-red", 111, ("VP8", 96, 97)),
    ("chromium-156-publish-vp9-svc", 111, ("VP9", 98, 99)), ("chromium-156-publish-h264-simulcast", 111, ("H264/CB", 108, 109)),
    ("firefox-153-publish-plain", 109, ("VP8", 120, 124)), ("firefox-153-publish-simulcast", 109, ("VP8", 120, 124)),
    ("firefox-153-publish-data", 109, ("VP8", 120, 124)),
])
def test_browsers_agree_on_codec_repair_and_feedback(name: str, sound: int, picture: tuple[str, int, int]) -> None:
    lines, voice, image = publisher(name)
    assert (voice.codec, voice.payload_type, voice.clock, voice.feedback) == ("OPUS", sound, 48000, {"transport-cc"})
    assert (image.codec, image.payload_type, image.rtx) == picture and image.feedback == FEEDBACK
    media = [line for line in lines if line.startswith("m=")]
    red = [63] if name.endswith("-red") else []
    assert media[:2] == [f"m=audio 4000 UDP/TLS/RTP/SAVPF {' '.join(map(str, [*red, sound]))}",
                         f"m=video 4000 UDP/TLS/RTP/SAVPF {picture[1]} {picture[2]}"]
    assert [line.split(" ")[1] for line in media[2:]] == ["0"] * (len(media) - 2), "no data channel"
    assert voice.red == (red or [0])[0] and "a=extmap-allow-mixed" in lines
    assert sum(line.startswith("a=fmtp:") and "maxaveragebitrate=24000" in line for line in lines) == 1


def test_the_extensions_of_each_browser() -> None:
    _, voice, image = publisher("chromium-156-publish-simulcast")
    assert voice.extensions == Extensions(mid=4, level=1, abs_send=2, transport_wide=3)
    assert image.extensions == Extensions(mid=4, rid=10, rrid=11, abs_send=2, transport_wide=3)
    lines, voice, image = publisher("firefox-153-publish-simulcast")
    assert voice.extensions == Extensions(mid=3, level=1, transport_wide=7)
    assert image.extensions == Extensions(mid=3, rid=9, rrid=10, abs_send=4, transport_wide=7)
    assert "a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id" in lines, "it offered to send it, no more"
    _, _, image = publisher("chromium-156-publish-plain")
    assert image.extensions == Extensions(mid=4, abs_send=2, transport_wide=3), "without layers no names of layers"


@pytest.mark.parametrize("name", ["chromium-156-publish-simulcast", "chromium-156-publish-h264-simulcast",
                                  "firefox-153-publish-simulcast"])
def test_three_layers_are_taken(name: str) -> None:
    lines, _, image = publisher(name)
    assert image.encodings == LAYERS
    assert [line for line in lines if "rid" in line.partition(":")[0] or line.startswith("a=simulcast")] == [
        "a=rid:h recv", "a=rid:m recv", "a=rid:l recv", "a=simulcast:recv h;m;l"]


@pytest.mark.parametrize("name", ["chromium-156-publish-plain", "chromium-156-publish-vp9-svc", "firefox-153-publish-plain"])
def test_one_picture_announces_its_source_and_its_repairs(name: str) -> None:
    _, voice, image = publisher(name)
    assert f"a=ssrc-group:FID {image.encodings[0].ssrc} {image.encodings[0].rtx_ssrc}\r\n" in read(name)
    assert len(image.encodings) == 1 and f"a=ssrc:{voice.encodings[0].ssrc} cname" in read(name)


def test_receivers_of_each_browser() -> None:
    answer, slots = subscriber("chromium-156-subscribe")
    assert [slot.kind for slot in slots] == ["audio", "video"] * 2
    assert slots[0].payload_types == {"OPUS": 111, "RED": 63} and not slots[0].rtx_ssrc
    assert slots[1].payload_types == {"VP8": 96, "VP9": 98, "H264/B": 102, "H264/CB": 108, "H264/M": 116}
    assert slots[1].rtx == {"VP8": 97, "VP9": 99, "H264/B": 103, "H264/CB": 109, "H264/M": 117}
    assert slots[1].extensions == Extensions(abs_send=2) and slots[0].extensions == Extensions(level=1, abs_send=2)
    assert slots[1].feedback == FEEDBACK - {"transport-cc"}
    assert [slot.cname for slot in slots] == ["slot0", "slot0", "slot1", "slot1"]
    answer, slots = subscriber("firefox-153-subscribe")
    assert slots[0].payload_types == {"OPUS": 109} and slots[1].payload_types == {"VP8": 120, "VP9": 121}
    assert slots[1].rtx == {"VP8": 124, "VP9": 125} and slots[0].extensions == Extensions(level=1)
    assert len({ssrc for slot in slots for ssrc in (slot.ssrc, slot.rtx_ssrc)}) == 7, "two sounds, two pictures, repairs, 0"
    assert "profile-id=2" not in answer and "transport-cc" not in answer


def test_obs_sends_one_picture() -> None:
    lines, voice, image = publisher("obs-30-publish")
    assert (voice.codec, voice.payload_type, voice.encodings[0].ssrc) == ("OPUS", 111, 2901876)
    assert (image.codec, image.payload_type, image.encodings) == ("H264/CB", 96, (Encoding("", 2901877),))
    assert image.feedback == {"nack", "nack pli", "goog-remb"} and image.extensions == Extensions() and not image.rtx
    assert "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1" in lines


def test_obs_sends_three_layers_and_a_fourth_is_left_out() -> None:
    lines, _, image = publisher("obs-32-publish-simulcast")
    assert image.encodings == (Encoding("2"), Encoding("1"), Encoding("0")) and "a=simulcast:recv 2;1;0" in lines
    assert image.extensions == Extensions(mid=1, rid=2)
    four = read("obs-32-publish-simulcast").replace("a=rid:2 send", "a=rid:3 send\r\na=rid:2 send").replace("send 2;", "send 3;2;")
    answer, tracks, _ = answer_publisher(parse_offer(four), LOCAL)
    assert "a=simulcast:recv 3;2;1\r\n" in answer and "a=rid:0" not in answer


@pytest.mark.parametrize(("name", "codec"), [("gstreamer-1.22-publish-vp8", "VP8"), ("gstreamer-1.22-publish-h264", "H264/CB")])
def test_gstreamer_sends_one_picture_under_its_announced_source(name: str, codec: str) -> None:
    answer, tracks, remb = answer_publisher(parse_offer(read(name)), LOCAL)
    image, voice = tracks
    assert (image.mid, image.codec, image.payload_type, voice.payload_type) == ("video0", codec, 96, 111) and not remb
    assert f"a=ssrc:{image.encodings[0].ssrc} cname" in read(name) and f"a=ssrc:{voice.encodings[0].ssrc} cname" in read(name)
    assert image.feedback == {"nack pli", "ccm fir"} and "transport-cc" not in answer, "no numbers were offered"
    assert "a=fmtp:111 minptime" in answer and "sprop" not in answer, "what it says of its own stream is not for us to say"


def test_gstreamer_receives_without_repairs() -> None:
    _, (sound, picture) = subscriber("gstreamer-1.22-subscribe")
    assert (sound.payload_types, picture.payload_types, picture.rtx_ssrc) == ({"OPUS": 111}, {"VP8": 96}, 0)
    assert picture.feedback == {"nack pli", "ccm fir"} and picture.extensions == Extensions()


NAMES = sorted(path.stem for path in FOLDER.glob("*.sdp"))


@pytest.mark.parametrize("name", NAMES)
def test_another_parser_reads_our_answers(name: str) -> None:
    answer = (answer_publisher(parse_offer(read(name)), LOCAL) if "publish" in name else subscriber(name))[0].split("\r\n")
    theirs = SessionDescription.parse("\r\n".join(line for line in answer if not line.startswith(("a=extmap", "a=rid"))))
    offered = [line.split(" ")[0] for line in read(name).split("\r\n") if line.startswith("m=")]
    assert [f"m={media.kind}" for media in theirs.media] == offered, "every section is answered in its place"
    assert all(media.ice.iceLite and media.rtcp_mux for media in theirs.media if media.port)
    assert len({media.rtp.muxId for media in theirs.media}) == len(theirs.media)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NAMES), st.randoms(use_true_random=False), st.integers(1, 20))
def test_any_mixture_of_real_lines_is_answered_or_bad_sdp(name: str, chance: random.Random, count: int) -> None:
    lines, other = read(name).split("\r\n"), read(chance.choice(NAMES)).split("\r\n")
    for _ in range(count):
        at, line = chance.randrange(len(lines)), chance.choice(other)
        match chance.randrange(4):
            case 0:
                lines.insert(at, line)
            case 1:
                lines[at] = line
            case 2:
                lines.insert(at, chance.choice(lines))
            case _:
                lines[at] = lines[at].replace(chance.choice("0123456789 :;/="), chance.choice(["", "9", ";;", " ", ",~"]))
    draw = itertools.count(1000)
    for answer in (lambda o: answer_publisher(o, LOCAL), lambda o: answer_subscriber(o, LOCAL, lambda: next(draw))):
        try:
            answer(parse_offer("\r\n".join(lines)))
        except BadSdp:
            pass
