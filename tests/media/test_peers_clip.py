"""The picture and the tone of a synthetic point, looked at with a decoder."""
import math

import av
import pytest

from media.peers_clip import SOUND_RATE, TONES, Clip, background, tone_hz
from tests.media.tones import loudness_at


def decoded_pictures(clip: Clip) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("vp8", "r")
    return [frame for picture in clip.pictures for frame in decoder.decode(av.Packet(picture))]


def decoded_sound(sounds: tuple[bytes, ...]) -> list[float]:
    decoder = av.CodecContext.create("opus", "r")
    decoder.sample_rate = SOUND_RATE
    samples: list[float] = []
    for sound in sounds:
        for frame in decoder.decode(av.Packet(sound)):
            samples += memoryview(bytes(frame.planes[0])).cast("f")[:frame.samples].tolist()
    return samples


def test_every_picture_of_the_loop_decodes_and_the_first_one_alone() -> None:
    clip = Clip.make("SB01", 4)
    frames = decoded_pictures(clip)
    assert len(frames) == len(clip.pictures) == 60
    assert {(frame.width, frame.height) for frame in frames} == {(320, 180)}
    assert [at for at, picture in enumerate(clip.pictures) if not picture[0] & 1] == [0], "the P bit of a VP8 frame (RFC 6386 section 9.1)"


def test_a_person_can_tell_two_points_apart_by_colour() -> None:
    for index in (0, 1):
        image = decoded_pictures(Clip.make("Hạ Long", index))[5].to_image()
        assert image.getpixel((8, 8)) == pytest.approx(background(index), abs=12)
    hues = [background(index) for index in range(24)]
    assert len(set(hues)) == 24


def test_the_label_is_drawn_and_something_moves() -> None:
    with_label, without = (decoded_pictures(Clip.make(label, 2)) for label in ("4021", ""))
    middle = (80, 40, 240, 110)
    assert bright(with_label[1].to_image().crop(middle)) > 10 * max(bright(without[1].to_image().crop(middle)), 20)
    assert with_label[0].to_image().tobytes() != with_label[15].to_image().tobytes()


def bright(image) -> int:
    return sum(image.convert("L").histogram()[200:])


@pytest.mark.parametrize("index", [0, 1, 239])
def test_the_tone_is_the_promised_one_and_has_no_click_where_the_loop_closes(index: int) -> None:
    samples = decoded_sound(Clip.make("", index, seconds=1).sounds * 2)[SOUND_RATE // 2:SOUND_RATE * 3 // 2]
    promised = loudness_at(samples, tone_hz(index))
    assert 0.05 < promised < 0.2
    assert all(loudness_at(samples, tone_hz(other)) < promised / 20 for other in (index + 1, index + 2, index + 103))
    # Everything that is not the tone, the closing of the loop included, stays 30 dB below it.
    rest = math.sqrt(max(0.0, 2 * sum(sample * sample for sample in samples) / len(samples) - promised ** 2))
    assert rest < promised / 30


def test_all_tones_differ_by_more_than_one_bin_of_a_1024_bin_analyser() -> None:
    tones = sorted(tone_hz(index) for index in range(TONES))
    assert min(high - low for low, high in zip(tones, tones[1:])) > SOUND_RATE / 2 / 1024
    assert max(tones) < 10_000


def test_a_clip_is_encoded_once() -> None:
    assert Clip.make("4021", 7) is Clip.make("4021", 7)
