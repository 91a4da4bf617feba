"""Blobs are absent or complete; a full disk leaves nothing behind and says so."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from meetings import blobs
from meetings.blobs import FileBlobStore
from meetings.errors import NotFound, Unavailable

DATA = b"bien ban" * 1000


@pytest.fixture
def store(tmp_path: Path) -> FileBlobStore:
    return FileBlobStore(tmp_path / "blobs")


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_bytes_come_back_under_their_hash(store: FileBlobStore, tmp_path: Path) -> None:
    digest = store.put(DATA)
    assert digest == hashlib.sha256(DATA).hexdigest()
    with store.open(digest) as file:
        assert file.read() == DATA
    assert store.path(digest).read_bytes() == DATA
    assert store.exists(digest)
    assert store.verify(digest)
    assert files(tmp_path) == [store.path(digest)]


def test_a_file_is_stored_like_its_bytes_and_twice_is_once(store: FileBlobStore, tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    source.write_bytes(DATA * 300)  # more than one chunk
    assert store.put(source) == store.put(DATA * 300)
    assert len(files(tmp_path / "blobs")) == 1


def test_a_flipped_bit_on_the_disk_is_found(store: FileBlobStore) -> None:
    digest = store.put(DATA)
    store.path(digest).write_bytes(DATA[:-1] + b"x")
    assert not store.verify(digest)


@pytest.mark.parametrize("name", ["", "0" * 64, "../../etc/passwd", "0" * 63, "g" * 64, "0" * 64 + "\n"])
def test_unknown_names_are_unknown_and_never_paths(store: FileBlobStore, name: str) -> None:
    assert not store.exists(name)
    with pytest.raises(NotFound, match=r"blob\.unknown"):
        store.path(name)


def test_bytes_and_name_are_on_the_disk_before_put_returns(
    store: FileBlobStore, monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[str] = []
    real_fsync, real_replace, real_write = os.fsync, os.replace, os.write

    def fsync(descriptor: int) -> None:
        steps.append("fsync " + ("dir" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file"))
        real_fsync(descriptor)

    monkeypatch.setattr(blobs.os, "fsync", fsync)
    monkeypatch.setattr(blobs.os, "replace", lambda a, b: (steps.append("rename"), real_replace(a, b)))
    monkeypatch.setattr(blobs.os, "write", lambda d, b: (steps.append("write"), real_write(d, b))[1])
    store.put(DATA)
    assert steps == ["write", "fsync file", "fsync dir", "rename", "fsync dir"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["write", "fsync", "replace", "mkdir"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_disk_that_fills_up_at_any_step_leaves_no_torn_file(
    store: FileBlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, nth: int, code: int,
) -> None:
    kept = store.put(b"older")
    real, count = getattr(os, call), [0]

    def failing(*args: object, **kwargs: object) -> object:
        count[0] += 1
        if count[0] == nth:
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        try:
            store.put(DATA)
            assert count[0] < nth  # this step happens less often than nth: nothing was injected
        except Unavailable as error:
            assert error.code == "blob.full"
            present = store.exists(hashlib.sha256(DATA).hexdigest())
            assert not present or store.verify(hashlib.sha256(DATA).hexdigest())
    assert store.verify(kept)
    assert all(path.name == hashlib.sha256(path.read_bytes()).hexdigest() for path in files(tmp_path))
    assert store.verify(store.put(DATA))  # once there is room again, without a restart


FILL = """
import sys
from meetings.blobs import FileBlobStore
from meetings.errors import Unavailable
store, kept = FileBlobStore("/mnt/blobs"), []
try:
    for number in range(100):
        kept.append(store.put(bytes([number]) * 100_000))
except Unavailable as error:
    import os
    left = os.listdir("/mnt/blobs/incoming")
    print(error.code, len(kept), all(store.verify(k) for k in kept), left)
"""


@pytest.mark.netns
def test_a_really_full_disk(tmp_path: Path) -> None:
    """A tmpfs of 1 MiB in a mount namespace of its own."""
    script = "mount -t tmpfs -o size=1m none /mnt && exec " + " ".join([sys.executable, "-c", '"$0"'])
    root = Path(__file__).resolve().parents[2]
    command = ["unshare", "-m", "sh", "-c", script, FILL]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    code, count, intact, left = done.stdout.split(maxsplit=3)
    assert (code, intact, left.strip()) == ("blob.full", "True", "[]")
    assert 5 <= int(count) <= 10


def test_what_a_killed_process_left_is_swept_at_start(store: FileBlobStore, tmp_path: Path) -> None:
    digest = store.put(DATA)
    (tmp_path / "blobs" / "incoming" / "torn").write_bytes(b"half")
    assert store.sweep() == 1
    assert files(tmp_path) == [store.path(digest)]
