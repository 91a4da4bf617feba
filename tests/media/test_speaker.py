"""Levels in, order out: who speaks is heard soon, noise moves nobody, and nothing flaps."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from media.speaker import Voice

STEP = 0.02


class Table:
    """Voices that get a packet every 20 ms; ``order`` is who deserves to be heard first."""

    def __init__(self, *names: str) -> None:
        self.voices = {name: Voice() for name in names}
        self.now = 0.0
        self.changes: list[tuple[float, str]] = []

    @property
    def order(self) -> list[str]:
        return sorted(self.voices, key=lambda name: self.voices[name].rank)

    def run(self, seconds: float, **levels: object) -> float | None:
        """Lets time pass; a level is a number or a function of the time.  When the first change came."""
        end, first = self.now + seconds, None
        while self.now < end - STEP / 2:
            self.now += STEP
            for name, voice in self.voices.items():
                level = levels.get(name, 60)
                if level is None:
                    changed = voice.rest(self.now)
                else:
                    changed = voice.hear(int(level(self.now) if callable(level) else level), self.now)  # type: ignore[call-overload]
                if changed:
                    self.changes.append((self.now, name))
                    first = first or self.now
        return first


def speech(seed: int, loud: int = 28, quiet: int = 60) -> object:
    """Syllables of 60 to 240 ms with gaps of 40 to 120 ms."""
    chance, turns = random.Random(seed), [0.0]
    while turns[-1] < 600:
        turns += [turns[-1] + chance.uniform(0.06, 0.24), 0.0]
        turns[-1] = turns[-2] + chance.uniform(0.04, 0.12)

    def level(now: float) -> int:
        place = sum(turn <= now % 600 for turn in turns[:6000])
        return loud + chance.randrange(6) if place % 2 else quiet
    return level


def test_who_speaks_comes_first_within_half_a_second() -> None:
    table = Table("A", "B", "C")
    table.run(2)
    assert table.order == ["A", "B", "C"], "all silent: as they came"
    began = table.now
    changed = table.run(2, C=speech(1))
    assert changed is not None and changed - began <= 0.5 and table.order[0] == "C"
    began = table.now
    changed = table.run(2, B=speech(2), C=speech(1))
    assert changed is not None and changed - began <= 0.5
    assert table.order == ["C", "B", "A"], "who began first keeps the first place"
    table.run(5, B=speech(2))
    assert table.order == ["B", "C", "A"], "of the silent the latest speaker comes first"


def test_a_burst_of_noise_moves_nobody() -> None:
    table = Table("A", "B")
    table.run(1)
    for _ in range(50):
        table.run(0.1, B=5)
        table.run(0.4)
    assert table.changes == []


def test_a_pause_between_sentences_is_no_end_and_nothing_flaps() -> None:
    table = Table("A")
    table.run(1)
    for number in range(20):
        table.run(3, A=speech(number))
        table.run(0.8)
    assert len(table.changes) == 1
    table.run(5)
    assert len(table.changes) == 2 and not table.voices["A"].speaking


def test_a_constant_noise_becomes_background_and_speech_above_it_does_not() -> None:
    table = Table("fan", "A")
    table.run(1, fan=127)  # the microphone was off
    table.run(15, fan=45)
    assert not table.voices["fan"].speaking
    table.run(1, fan=45, A=speech(3))
    assert table.order[0] == "A"
    table.run(30, fan=45, A=speech(3))
    assert table.voices["A"].speaking
    table.run(1, fan=speech(4, loud=20, quiet=45))
    assert table.voices["fan"].speaking, "somebody speaks in front of the fan"


def test_quiet_sounds_of_a_silent_room_are_no_speech() -> None:
    table = Table("A")
    table.run(3, A=127)
    table.run(10, A=lambda now: 58 + int(now * 7) % 20)
    assert table.changes == []


def test_who_sends_nothing_any_more_is_silent_soon() -> None:
    table = Table("A")
    table.run(1)
    table.run(5, A=speech(1))
    table.run(4, A=None)
    assert not table.voices["A"].speaking


def test_a_source_without_levels_stands_between_speakers_and_the_silent() -> None:
    table = Table("silent", "talker")
    table.run(1)
    table.run(1, talker=speech(1))
    table.voices["unknown"] = Voice()
    assert table.order == ["talker", "unknown", "silent"]


@given(st.lists(st.tuples(st.integers(0, 127), st.floats(0, 0.5)), max_size=200))
def test_whatever_the_levels_changes_are_never_quicker_than_speech_can_be(found: list[tuple[int, float]]) -> None:
    voice, now, changes = Voice(), 0.0, [0.0]
    for level, step in found:
        now += step
        if voice.hear(level, now):
            changes.append(now)
    begins = changes[1::2]
    assert all(later - earlier > 0.2 for earlier, later in zip(begins, begins[1:], strict=False))
