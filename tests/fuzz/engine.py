"""Runs a fuzz target: a seeded mutation loop of our own, and the corpus every target has to survive.

What a target returns describes what happened; an input that made something new happen is kept and mutated further, so that the
loop finds its way without instrumentation.  Where ``atheris`` is installed the long form is guided by coverage instead
(``tests/fuzz/__main__.py``).  Holds no tests.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path

from media.errors import MediaError

CRASHERS = Path(__file__).resolve().parent / "crashers"
LONGEST = 65_507  # a UDP datagram cannot be longer
FEWEST = 40  # inputs of a loop, however short
GROWTH = 3000  # memory blocks a loop may leave behind: caches, compiled patterns


@dataclass(frozen=True)
class Target:
    """``run`` raises only where there is a defect; documented errors are part of what it returns."""

    name: str
    run: Callable[[bytes], Hashable]
    seeds: tuple[bytes, ...]
    longest: int = 4096  # bytes of mutated inputs; the fixed corpus is longer
    slowest: float = 0.001  # seconds an input may take on average; a story is many

    def corpus(self) -> Iterator[bytes]:
        """What must be survived in every run: nothing, one byte, the longest datagram, and whatever broke it once."""
        yield b""
        yield from (path.read_bytes() for path in sorted((CRASHERS / self.name).glob("*.bin")))
        if self.slowest > 0.001:  # a story: its bytes are decisions, their number says little
            yield from self.seeds
            yield from (bytes([value]) * size for value in (0, 0x80, 0xFF) for size in (1, LONGEST))
            return
        yield from (bytes([value]) for value in range(256))
        yield from (bytes([value]) * LONGEST for value in (0, 0x80, 0xFF))
        for seed in self.seeds:
            yield seed
            yield (seed + bytes(LONGEST))[:LONGEST]
            yield from (seed[:size] for size in range(0, len(seed), max(1, len(seed) // 64)))


@dataclass(frozen=True)
class Report:
    """Of one loop: executions, seconds, outcomes seen, memory blocks left behind."""

    executions: int
    seconds: float
    outcomes: int
    growth: int

    @property
    def mean(self) -> float:
        """Seconds an input took on average."""
        return self.seconds / max(1, self.executions)


def loop(target: Target, seconds: float, seed: int = 1) -> Report:
    """Mutates for so long, and so many inputs at least.  An exception out of the target is told with the input that caused it."""
    chance = random.Random(f"{target.name}/{seed}")
    pool, seen = list(target.seeds) or [b""], set()
    spent, executions, kept = 0.0, 0, 0
    for data in pool:
        target.run(data)
    gc.collect()
    before = sys.getallocatedblocks()
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends or executions < FEWEST:
        data = mutate(chance, chance.choice(pool), chance.choice(pool))[: target.longest]
        started = time.process_time()  # neighbours must not be measured
        outcome = attempt(target, data)
        spent += time.process_time() - started
        executions += 1
        if outcome not in seen and kept < 2000:
            seen.add(outcome)
            pool.append(data)
            kept += 1
    outcomes = len(seen)
    del pool[:], data, outcome
    seen.clear()
    gc.collect()
    return Report(executions, spent, outcomes, sys.getallocatedblocks() - before)


def attempt(target: Target, data: bytes) -> Hashable:
    """One input."""
    try:
        return target.run(data)
    except Exception as error:
        error.add_note(f"{target.name} was given bytes.fromhex({data[:2000].hex()!r}) ({len(data)} bytes)")
        raise


def documented(error: MediaError, *codes: str) -> str:
    """The code of an error that a target may answer with; ``codes`` are how those of the parser at hand begin."""
    assert error.code.startswith(codes), f"no code of this parser: {error.code}"
    return error.code


def mutate(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """One to six small changes: bits, bytes, edge values, cuts, repeats, pieces of another input."""
    changed = bytearray(data)
    for _ in range(1 + chance.randrange(6)):
        at = chance.randrange(len(changed) + 1)
        kind = chance.randrange(8)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(changed):
            changed[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, chance.randrange(256)))
        elif kind == 2:
            width = chance.choice((2, 4))
            edge = chance.choice((0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, len(changed)))
            changed[at : at + width] = (edge & (1 << 8 * width) - 1).to_bytes(width, "big")
        elif kind == 3:
            del changed[at : at + 1 + chance.randrange(8)]
        elif kind == 4:
            changed[at:at] = chance.randbytes(1 + chance.randrange(8))
        elif kind == 5:
            piece = changed[at : at + 1 + chance.randrange(32)]
            changed[at:at] = piece * (1 + chance.randrange(3))
        elif kind == 6 and other:
            start = chance.randrange(len(other))
            changed[at:at] = other[start : start + 1 + chance.randrange(64)]
        else:
            del changed[at:]
            changed += other[chance.randrange(len(other) + 1) :]
    return bytes(changed)


class Tape:
    """Reads decisions off an input; at its end everything is 0."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def byte(self) -> int:
        """0-255."""
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def word(self) -> int:
        """0-65535."""
        return self.byte() << 8 | self.byte()

    def take(self, size: int) -> bytes:
        """So many bytes, or what is left."""
        piece = self._data[self._at : self._at + size]
        self._at += size
        return piece
