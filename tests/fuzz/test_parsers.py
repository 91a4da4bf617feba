"""No input breaks a parser: a documented error at most, in a millisecond at most, and nothing stays behind."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import time
from types import ModuleType

import pytest

from media.errors import BadPacket
from tests.fuzz import hall, paper, recording, stateful, targets
from tests.fuzz.engine import GROWTH, Target, attempt, documented, loop
from tests.fuzz.targets import TARGETS

NAMES = sorted(TARGETS)
SHORT, LONG = 0.25, 600  # seconds


@pytest.mark.parametrize("name", NAMES)
def test_nothing_one_byte_the_longest_and_what_once_broke_it(name: str) -> None:
    target = TARGETS[name]
    inputs = list(target.corpus())
    started = time.process_time()
    for data in inputs:
        attempt(target, data)
    assert time.process_time() - started < 5 * target.slowest * len(inputs)


@pytest.mark.parametrize("module", [targets, recording, stateful, hall, paper], ids=lambda module: module.__name__)
def test_no_target_catches_anything_but_what_its_parser_documents(module: ModuleType) -> None:
    """Else a defect would be an outcome like another."""
    source = inspect.getsource(module)
    assert "suppress(" not in source
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None and ast.unparse(node.type) in ("BadPacket", "BadSdp", "MediaError", "Unreadable"), ast.unparse(node)
            assert "documented(error, " in ast.unparse(node), ast.unparse(node)


def test_what_escapes_a_target_is_a_defect_and_tells_its_input() -> None:
    def run(data: bytes) -> str:
        if data == b"documented":
            return documented(BadPacket("rtp.short"), "rtp.")
        if data == b"of another parser":
            return documented(BadPacket("srtp.bad"), "rtp.")
        raise IndexError

    target = Target("broken", run, (b"",))
    assert attempt(target, b"documented") == "rtp.short"
    for data, trouble in ((b"of another parser", AssertionError), (b"\x80\x60", IndexError)):
        with pytest.raises(trouble) as caught:
            attempt(target, data)
        assert data.hex() in caught.value.__notes__[0]
    with pytest.raises(IndexError):
        loop(target, 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_mutated_for_a_moment(name: str) -> None:
    report = loop(TARGETS[name], SHORT)
    assert report.mean < TARGETS[name].slowest and report.growth < GROWTH and report.outcomes > 1, report


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_fuzz_for_ten_minutes(name: str) -> None:
    done = subprocess.run([sys.executable, "-m", "tests.fuzz", name, str(LONG)], capture_output=True, text=True, timeout=3 * LONG)
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout[-4000:]
