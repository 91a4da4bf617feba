"""Files in pieces: readable after every piece, complete at the end, whole up to the last piece wherever they are cut."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from shutil import which

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import matroska
from media.matroska import Block, Form, cluster, finish, header, opus_head, reopened, walk
from media.peers_clip import Clip

CLIP = Clip.make("SB01", 1)
PICTURE = Form("VP8", "Điểm 01", 1_772_672_400.25, 7, size=(320, 180))
SOUND = Form("OPUS", "SB01", 1_772_672_400.25, 8, private=opus_head())


def blocks(form: Form) -> list[Block]:
    if form.codec == "OPUS":
        return [Block(20 * number, data, True) for number, data in enumerate(CLIP.sounds)]
    return [Block(round(1000 * number / 15), data, number == 0) for number, data in enumerate(CLIP.pictures)]


def written(form: Form, at_once: int = 12) -> tuple[bytes, list[tuple[int, int]]]:
    """An open file in clusters of ``at_once`` frames, and where those begin that start with a key frame."""
    data, starts, frames = header(form), [], blocks(form)
    for first in range(0, len(frames), at_once):
        if frames[first].key:
            starts.append((frames[first].at, len(data)))
        data += cluster(frames[first : first + at_once])
    return data, starts


def finished(data: bytes, starts: list[tuple[int, int]], duration: int, form: Form) -> bytes:
    tail, patches = finish(header(form), len(data), duration, starts)
    whole = bytearray(data + tail)
    for offset, patch in patches:
        whole[offset : offset + len(patch)] = patch
    return bytes(whole)


def walked(data: bytes) -> matroska.Walk:
    return walk(lambda at, count: data[at : at + count], len(data))


def decoded(data: bytes, kind: str) -> list[av.AudioFrame | av.VideoFrame]:
    with av.open(io.BytesIO(data)) as container:
        return list(container.decode(**{kind: 0}))


@pytest.mark.parametrize(("form", "kind"), [(PICTURE, "video"), (SOUND, "audio")])
def test_a_file_is_readable_while_it_is_written_and_complete_when_it_is_finished(form: Form, kind: str, tmp_path: Path) -> None:
    data, starts = written(form)
    assert len(decoded(data, kind)) == len(blocks(form)), "open"
    whole = finished(data, starts, 1000 if kind == "audio" else 4000, form)
    frames = decoded(whole, kind)
    assert len(frames) == len(blocks(form))
    assert [round(1000 * frame.time) for frame in frames] == [block.at for block in blocks(form)]
    with av.open(io.BytesIO(whole)) as container:
        assert container.duration == (1_000_000 if kind == "audio" else 4_000_000)
        assert container.format.name == "matroska,webm"
    if which("ffprobe"):
        path = tmp_path / ("a" + form.suffix)
        path.write_bytes(whole)
        said = subprocess.run(["ffprobe", "-v", "warning", "-show_entries", "format=duration", path], capture_output=True,
                              text=True, check=True)
        assert not said.stderr, said.stderr


def test_a_player_finds_a_place_in_a_finished_file() -> None:
    data, starts = written(SOUND)
    with av.open(io.BytesIO(finished(data, starts, 1000, SOUND))) as container:
        container.seek(700_000, backward=True)
        assert 0.4 <= next(container.decode(audio=0)).time <= 0.75


@given(st.integers(0, 9000))
def test_a_file_that_is_cut_anywhere_is_whole_up_to_its_last_piece(cut: int) -> None:
    data, starts = written(PICTURE)
    cut = min(cut * 7, len(data))
    found = walked(data[:cut])
    edges = [at for at in range(len(data)) if data[at : at + 4] == b"\x1f\x43\xb6\x75"] + [len(data)]
    assert found.end == max([edge for edge in edges[1:] if edge <= cut], default=0)
    if found.blocks:
        kept = finished(data[: found.end], found.starts, found.last + 20, PICTURE)
        assert len(decoded(kept, "video")) == found.blocks


def test_a_file_that_was_finished_halfway_can_be_finished_again() -> None:
    data, starts = written(PICTURE)
    tail, patches = finish(header(PICTURE), len(data), 4000, starts)
    for done in range(len(patches) + 1):
        whole = bytearray(data + tail)
        for offset, patch in patches[:done]:
            whole[offset : offset + len(patch)] = patch
        found = walked(bytes(whole))
        assert found.end == len(data) and reopened(found.head) == header(PICTURE)


@given(st.binary(max_size=400), st.integers(0, 400))
def test_walking_over_rubbish_ends(rubbish: bytes, at: int) -> None:
    data, _ = written(SOUND)
    harmed = data[:at] + rubbish + data[at + len(rubbish) :]
    assert walked(harmed).end <= len(harmed)
    assert walked(rubbish).blocks == 0
