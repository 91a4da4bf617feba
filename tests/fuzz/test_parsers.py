"""No input breaks a parser: a documented error at most, in a millisecond at most, and nothing stays behind."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.fuzz.engine import GROWTH, attempt, loop
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


@pytest.mark.parametrize("name", NAMES)
def test_mutated_for_a_moment(name: str) -> None:
    report = loop(TARGETS[name], SHORT)
    assert report.mean < TARGETS[name].slowest and report.growth < GROWTH and report.outcomes > 1, report


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_fuzz_for_ten_minutes(name: str) -> None:
    done = subprocess.run([sys.executable, "-m", "tests.fuzz", name, str(LONG)], capture_output=True, text=True, timeout=3 * LONG)
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout[-4000:]
